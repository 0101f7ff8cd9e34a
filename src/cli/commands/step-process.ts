/** `trilith step-process`: hidden; one attempt of one step, for the process that started this one. */

import { runStepProcess } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { withProject } from "../open-project.ts";

/** Runs the step that the IPC channel asks for. */
export async function stepProcessCommand(context: CommandContext): Promise<void> {
  await withProject(context, (workspace) => runStepProcess(workspace));
}
