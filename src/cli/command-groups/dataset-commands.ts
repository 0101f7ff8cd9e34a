/** Commands about datasets. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

const load = () => import("../commands/datasets.ts");

export function addDatasetCommands(program: Command, bind: Bind): void {
  const datasets = program
    .command("datasets")
    .summary("what was made to train on: list, show, check, export, import")
    .addHelpText("after", example("trilith datasets show generate_dataset"));
  datasets
    .command("list", { isDefault: true })
    .summary("datasets with their authors and rows, newest first")
    .option("--limit <count>", "how many", "20")
    .addHelpText("after", example("trilith datasets list"))
    .action(bind(async () => (await load()).listDatasetsCommand));
  datasets
    .command("show <dataset>")
    .summary("its card, or rows of its training side")
    .option("--rows <count>", "so many rows in place of the card")
    .addHelpText("after", example("trilith datasets show generate_dataset@2 --rows 3"))
    .action(bind(async () => (await load()).showDatasetCommand));
  datasets
    .command("check <dataset>")
    .summary("leaks, repeats, and what evaluation sets it holds, of a dataset or of a file; exits with 1 when it leaks")
    .option("--against <file>", "an evaluation set; can be repeated", collect)
    .addHelpText("after", example("trilith datasets check ./instruct_datasets.json --against ./questions.jsonl"))
    .action(bind(async () => (await load()).checkDatasetCommand));
  datasets
    .command("export <dataset> [folder]")
    .summary("write it as files, or push it to the Hugging Face hub (HF_TOKEN)")
    .option("--format <format>", "jsonl or parquet", "jsonl")
    .option("--force", "write over what is there")
    .option("--hub <owner/name>", "push the files there")
    .option("--public", "make the repository for all to see where there is none yet")
    .addHelpText("after", example("trilith datasets export generate_dataset ./dataset --format parquet"))
    .action(bind(async () => (await load()).exportDatasetCommand));
  datasets
    .command("import <file>")
    .summary(
      "take in instruct_datasets.json or preference_datasets.json of the LLM Engineer's Handbook, with what is wrong in it",
    )
    .option("--name <name>", "of the artifact", "imported_dataset")
    .addHelpText("after", example("trilith datasets import ./artifacts/instruct_datasets.json"))
    .action(bind(async () => (await load()).importDatasetCommand));
}
