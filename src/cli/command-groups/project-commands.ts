/** Commands about a project as a whole. */

import type { Command } from "commander";
import { type Bind, example } from "./bind.ts";

export function addProjectCommands(program: Command, bind: Bind): void {
  program
    .command("init")
    .summary("write a project with a pipeline that runs")
    .argument("[folder]", "where; the current folder without it")
    .addHelpText("after", example("trilith init my-project"))
    .action(bind(async () => (await import("../commands/init.ts")).initCommand));
}
