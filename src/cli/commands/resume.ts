/** `trilith resume`: goes on with a run from what it has finished. */

import { resumeRun } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UnknownNameError } from "../errors.ts";
import { followRun } from "../follow-run.ts";
import { findPipeline, withProject } from "../open-project.ts";

/** Resumes the run; its finished steps are kept, the interrupted one runs again. */
export async function resumeCommand(context: CommandContext, id: string): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const run = await workspace.runs.findRun(id);
    if (run === undefined) throw new UnknownNameError("run", id, "List them with: trilith runs");
    const handle = await resumeRun(await findPipeline(run.pipeline), run.id, { workspace, signal });
    await followRun(handle, terminal);
    terminal.printJson(await workspace.runs.findRun(run.id));
    terminal.print(`${run.id} completed`);
  });
}
