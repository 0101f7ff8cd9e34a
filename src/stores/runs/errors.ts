/** What can go wrong between a run and the process that wants to write it. */

import { TrilithError } from "../../core/errors.ts";

/** Thrown when there is no run of that id or name. */
export class RunNotFoundError extends TrilithError {
  override readonly code = "run-not-found";
  override readonly usage = true;

  constructor(id: string) {
    super(
      `There is no run ${JSON.stringify(id)}; expected the id of a run in this workspace, its name, or the unique beginning of its id. ` +
        "List them with: trilith runs",
    );
  }
}

/** Thrown when a run is to be resumed that another living process is running. */
export class RunAliveError extends TrilithError {
  override readonly code = "run-alive";
  override readonly usage = true;
  readonly runId: string;
  readonly pid: number;

  constructor(runId: string, pid: number) {
    super(
      `The run ${runId} is running in process ${pid}; expected a run whose process has ended. ` +
        "Wait for it, or stop that process and resume then.",
    );
    this.runId = runId;
    this.pid = pid;
  }
}

/** Thrown when a run was completed, so that there is nothing to go on with. */
export class RunCompletedError extends TrilithError {
  override readonly code = "run-completed";
  override readonly usage = true;

  constructor(runId: string) {
    super(
      `The run ${runId} was completed; expected one that failed, was cancelled or was interrupted. ` +
        "Start a new run to do it again: finished steps come from the cache.",
    );
  }
}

/** Thrown to a process that writes a run which another process has taken over. */
export class RunLeaseLostError extends TrilithError {
  override readonly code = "run-lease-lost";

  constructor(runId: string) {
    super(
      `The run ${runId} was taken over by another process, so nothing more is written here; expected to hold its lease. ` +
        "Let the other process go on.",
    );
  }
}
