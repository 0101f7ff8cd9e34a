/** Commands about artifacts. */

import type { Command } from "commander";
import { type Bind, example } from "./bind.ts";

export function addArtifactCommands(program: Command, bind: Bind): void {
  program
    .command("artifacts")
    .summary("list artifact versions, or show one")
    .argument("[artifact]", "name@version, or a name for its versions")
    .option("--limit <count>", "how many to list", "20")
    .addHelpText("after", example("trilith artifacts clean_documents@1"))
    .action(bind(async () => (await import("../commands/artifacts.ts")).artifactsCommand));
}
