/** `trilith resume`: goes on with a run from what it has finished. */

import { resumeRun } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findPipeline } from "../find-declared.ts";
import { followQueued } from "../follow-queued.ts";
import { followRun } from "../follow-run.ts";
import { findRun, withProject } from "../open-project.ts";
import { printRun } from "../print-run.ts";

/** Resumes the run; its finished steps are kept, the interrupted one runs again. */
export async function resumeCommand(context: CommandContext, id: string): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const run = await findRun(workspace, id);
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
