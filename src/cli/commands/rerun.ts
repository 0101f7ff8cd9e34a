/** `trilith rerun`: a run again, from one of its steps on. */

import { rerunPipeline } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findPipeline } from "../find-declared.ts";
import { followRun } from "../follow-run.ts";
import { findRun, withProject } from "../open-project.ts";
import { printRun } from "../print-run.ts";

/** Starts a new run that takes over what the step does not depend on. */
export async function rerunCommand(context: CommandContext, id: string, options: { from: string }): Promise<void> {
  const { terminal, signal } = context;
  await withProject(context, async (workspace) => {
    const run = await findRun(workspace, id);
    const place = { runId: run.id, from: options.from };
    const handle = await rerunPipeline(await findPipeline(run.pipeline), place, { workspace, signal });
    await followRun(handle, terminal);
    await printRun(terminal, workspace, handle.id);
  });
}
