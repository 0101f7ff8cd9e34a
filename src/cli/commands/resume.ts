/** `trilith resume`: goes on with a run from what it has finished. */

import type { RunRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { resumeRun } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { NothingToResumeError } from "../errors.ts";
import { findPipeline } from "../find-declared.ts";
import { followQueued } from "../follow-queued.ts";
import { followRun } from "../follow-run.ts";
import { findRun, withProject } from "../open-project.ts";
import { printRun } from "../print-run.ts";

/** Resumes the run, or the newest that was stopped; its finished steps are kept, the interrupted one runs again. */
export async function resumeCommand(context: CommandContext, id: string | undefined): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const run = id === undefined ? await findStopped(workspace) : await findRun(workspace, id);
    if (workspace.engine === "dbos") {
      await workspace.runs.queue.requeue(run.id);
      await followQueued({ workspace, runId: run.id, terminal, signal });
      return printRun(terminal, workspace, run.id);
    }
    const handle = await resumeRun(await findPipeline(run.pipeline), run.id, { workspace, signal });
    await followRun(handle, terminal);
    await printRun(terminal, workspace, run.id);
  });
}

/** A run that failed is not guessed: what failed once fails again, until somebody has looked at it. */
async function findStopped(workspace: Workspace): Promise<RunRecord> {
  const [run] = await workspace.runs.listRuns({ states: ["interrupted", "cancelled"], limit: 1 });
  if (run === undefined) throw new NothingToResumeError();
  return run;
}
