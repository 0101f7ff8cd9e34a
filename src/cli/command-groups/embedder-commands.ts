/** Commands about embedding models. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

const load = () => import("../commands/embedder.ts");

export function addEmbedderCommands(program: Command, bind: Bind): void {
  const embedder = program
    .command("embedder")
    .summary("describe the embedding model, or distil a small one from a large one")
    .addHelpText("after", example("trilith embedder describe"));
  embedder
    .command("describe", { isDefault: true })
    .summary("what an embedding model is: name, dimensions, window, whether it is fitted")
    .argument("[folder]", "of a model; default: the one that the project is configured with")
    .addHelpText("after", example("trilith embedder describe models/all-MiniLM-L6-v2"))
    .action(bind(async () => (await load()).describeEmbedderCommand));
  embedder
    .command("cache")
    .summary("whose vectors are kept between runs; forget those of models that are not used")
    .option("--prune <age>", "forget models not used for so long, such as 30d")
    .addHelpText("after", example("trilith embedder cache --prune 30d"))
    .action(bind(async () => (await load()).embedderCacheCommand));
  embedder
    .command("distill")
    .summary("make a static embedder from a sentence encoder; after Ctrl-C the same command goes on")
    .requiredOption("--teacher <folder>", "a sentence-transformers folder with an ONNX graph")
    .requiredOption("--corpus <path>", "texts: .jsonl(.gz), .md, .txt or a folder of them; can be repeated", collect)
    .requiredOption("--out <folder>", "where the embedder is written")
    .option("--graph <file>", "the ONNX file in the teacher's folder")
    .option("--dimensions <count>", "that are trained to the teacher", "256")
    .option("--lexical-dimensions <count>", "beside them, to tell words apart", "128")
    .option("--passages <count>", "that the teacher reads, at most", "200000")
    .option("--epochs <count>", "over the passages", "3")
    .option("--seed <number>", "of sample and order", "1")
    .option("--teacher-name <name>", "for the model card")
    .option("--licence <name>", "of the teacher, for the model card")
    .option("--resume", "go on from an earlier attempt without a word about it")
    .addHelpText(
      "after",
      example("trilith embedder distill --teacher all-MiniLM-L6-v2 --corpus notes --out my-embedder"),
    )
    .action(bind(async () => (await load()).distillCommand));
}
