/** What can go wrong between a run and the process that wants to write it. */

import type { ProcessIdentity } from "../../contracts/runs.ts";
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

  constructor(runId: string, { pid, host }: ProcessIdentity) {
    super(
      `The run ${runId} is running in process ${pid} on ${host}; expected a run whose process has ended. ` +
        `Wait for it, or end it with: trilith cancel ${runId}`,
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

/** Thrown when something is wanted of a run that its state does not allow. */
export class RunEndedError extends TrilithError {
  override readonly code = "run-state";
  override readonly usage = true;
  readonly runId: string;

  constructor(runId: string, state: string) {
    super(
      `The run ${runId} is ${state}, so this cannot be done with it; expected ${
        ["queued", "waiting", "running"].includes(state) ? "one that has ended" : "one that is queued, waits or runs"
      }. See its state with: trilith runs ${runId}`,
    );
    this.runId = runId;
  }
}

/** Thrown to a process that writes an attempt which has been ended or taken over since. */
export class AttemptLostError extends TrilithError {
  override readonly code = "attempt-lost";

  constructor(runId: string, invocationId: string) {
    super(
      `The attempt of ${invocationId} in the run ${runId} belongs to another process by now, so nothing of this one is written; ` +
        "expected to hold it. Let the other process go on.",
    );
  }
}

/** Thrown when artifact versions are to be removed that a run which is kept made or read. */
export class ArtifactInUseError extends TrilithError {
  override readonly code = "artifact-in-use";
  override readonly usage = true;

  constructor(artifactId: string) {
    super(
      `The artifact ${artifactId} was made or read by a run that is kept, so nothing was removed; expected versions of deleted runs only. ` +
        "Delete the run first: trilith runs delete <run>",
    );
  }
}
