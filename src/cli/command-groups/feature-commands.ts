/** Commands about what is stored of documents: features, and forgetting. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

export function addFeatureCommands(program: Command, bind: Bind): void {
  program
    .command("forget")
    .summary("take an author or documents out of everything, for good")
    .option("--author <name>", "all documents of this author")
    .option("--document <id>", "a document by id, URL or path; can be repeated", collect)
    .option("--yes", "do it; without, it only says what would go, or asks")
    .addHelpText("after", example('trilith forget --author "Ada Lovelace"'))
    .action(bind(async () => (await import("../commands/forget.ts")).forgetCommand));
}
