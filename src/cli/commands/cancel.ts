/** `trilith cancel`: ends a run, wherever it is. */

import type { CommandContext } from "../command-context.ts";
import { findRun, withProject } from "../open-project.ts";

/** Cancels at once what has no process, and asks the process of any other run to stop. */
export async function cancelCommand(context: CommandContext, id: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const { id: runId } = await findRun(workspace, id);
    const run = await workspace.runs.queue.requestCancel(runId);
    terminal.printJson(run);
    terminal.print(run.state === "cancelled" ? `${run.id} cancelled` : `${run.id} is asked to stop`);
  });
}
