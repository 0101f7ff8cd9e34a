/** `trilith import`: the reference system's warehouse export, into the warehouse. */

import { importWarehouseJson } from "../../feature/index.ts";
import type { CommandContext } from "../command-context.ts";
import { withProject } from "../open-project.ts";

/** Imports a folder and says what came of it. */
export async function importCommand(context: CommandContext, folder: string): Promise<void> {
  const { terminal } = context;
  await withProject(context, async (workspace) => {
    const report = await importWarehouseJson(folder, await workspace.open("warehouse"));
    const { counts } = report;
    terminal.printJson(report);
    terminal.print(
      `${counts.new} new, ${counts.changed} changed, ${counts.unchanged} unchanged documents by ${report.authors.join(", ")}`,
    );
    terminal.print(`Next: trilith run feature_engineering --set 'author_full_names=[${report.authors.join(", ")}]'`);
  });
}
