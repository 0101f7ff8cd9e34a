/** The command about where things come from. */

import type { Command } from "commander";
import { type Bind, example } from "./bind.ts";

export function addLineageCommand(program: Command, bind: Bind): void {
  program
    .command("lineage")
    .summary("show what something came from, and what became of it")
    .description("Walks the chain of ids from documents over features, index and datasets to models, both ways.")
    .argument("<id>", "of a document, chunk, artifact, run, invocation or model; a name, hash or path will often do")
    .option("--up", "only what it came from")
    .option("--down", "only what became of it")
    .option("--depth <count>", "how many edges away from it; by default all")
    .option("--dot", "for Graphviz")
    .option("--mermaid", "as a Mermaid flowchart")
    .addHelpText("after", example("trilith lineage generate_dataset.train@1 --up"))
    .action(bind(async () => (await import("../commands/lineage.ts")).lineageCommand));
}
