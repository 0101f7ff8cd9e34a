/** A run that workers do, as a person watches it from the journal. Ctrl-C stops watching and not the run. */

import type { RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { RunFailedError } from "../orchestrator/index.ts";
import { duration } from "./follow-run.ts";
import type { Terminal } from "./terminal.ts";

const LOOK_EVERY_MS = 300;
/** After this long without a worker a person is told what is missing. */
const NOBODY_AFTER_MS = 5_000;

/** Prints a line for each step that ends, until the run has ended or waits. @throws {RunFailedError} when it failed */
export async function followQueued({
  workspace,
  runId,
  terminal,
  signal,
}: {
  readonly workspace: Workspace;
  readonly runId: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { runs, clock } = workspace;
  const told = new Set<string>();
  const begun = clock.now();
  let advised = false;
  terminal.note(`${terminal.color.dim("run")} ${runId}`);
  while (!signal.aborted) {
    const run = await runs.findRun(runId);
    for (const { id, displayName, state, startedAtMs, finishedAtMs, error } of await runs.listInvocations(runId)) {
      if (finishedAtMs === null || told.has(id)) continue;
      told.add(id);
      const took = terminal.color.dim(duration(finishedAtMs - startedAtMs));
      if (state === "failed") terminal.note(`${terminal.color.red("✗")} ${displayName} failed: ${error?.message}`);
      else if (state === "cached")
        terminal.note(`${terminal.color.cyan("=")} ${displayName} ${terminal.color.dim("cached")}`);
      else terminal.note(`${terminal.color.green("✓")} ${displayName} ${took}`);
    }
    if (run === undefined || ENDED.has(run.state)) return failIfFailed(run);
    if (run.state === "queued" && !advised && clock.now() - begun > NOBODY_AFTER_MS) {
      advised = true;
      terminal.note("No worker has taken it yet. Start one with: trilith worker");
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined); // the loop sees the signal
  }
  terminal.note(`The run goes on. Stop it with: trilith cancel ${runId}`);
}

const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled", "waiting", "code-mismatch"]);

function failIfFailed(run: RunRecord | undefined): void {
  if (run?.state === "failed" || run?.state === "code-mismatch")
    throw new RunFailedError(run.id, [new Error(run.error?.message)]);
}
