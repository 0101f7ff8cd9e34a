/** Commands about artifacts. */

import type { Command } from "commander";
import { type Bind, example } from "./bind.ts";

export function addArtifactCommands(program: Command, bind: Bind): void {
  const artifacts = program
    .command("artifacts")
    .summary("list, show, compare, export, register and prune artifact versions")
    .argument("[artifact]", "name@version to show it, or a name for its versions")
    .option("--limit <count>", "how many to list", "20")
    .option("--run <id>", "only what this run made")
    .addHelpText("after", example("trilith artifacts clean_documents@1"))
    .action(bind(async () => (await import("../commands/artifacts.ts")).artifactsCommand));
  artifacts
    .command("list")
    .summary("list versions, newest first")
    .argument("[name]", "only versions of this name")
    .option("--limit <count>", "how many to list", "20")
    .option("--run <id>", "only what this run made")
    .addHelpText("after", example("trilith artifacts list clean_documents --limit 5"))
    .action(bind(async () => (await import("../commands/artifacts.ts")).listArtifactsCommand));
  artifacts
    .command("show")
    .summary("show one: hash, who made and who read it, a preview")
    .argument("<artifact>", "name@version, or a name for its newest version")
    .option(
      "--output <file>",
      "write its content there, - for standard output; a chart to a name that ends in .svg is drawn",
    )
    .addHelpText("after", example("trilith artifacts show loss_curve@2 --output loss.svg"))
    .action(bind(async () => (await import("../commands/artifacts.ts")).showArtifactCommand));
  artifacts
    .command("diff")
    .summary("compare two versions: values of JSON, rows of JSON lines, files of folders")
    .argument("<before>", "name@version, or a name for its newest version")
    .argument("<after>", "the same")
    .addHelpText("after", example("trilith artifacts diff clean_documents@1 clean_documents@2"))
    .action(bind(async () => (await import("../commands/artifacts-diff.ts")).diffArtifactsCommand));
  addKeepingCommands(artifacts, bind);
}

/** Those that copy, add and take away. */
function addKeepingCommands(artifacts: Command, bind: Bind): void {
  artifacts
    .command("export")
    .summary("write one to a file, or a folder where it is one")
    .argument("<artifact>", "name@version, or a name for its newest version")
    .argument("<path>", "a file, or a folder to write into")
    .option("--force", "write over what is there")
    .addHelpText("after", example("trilith artifacts export train.adapter@1 ./adapter"))
    .action(bind(async () => (await import("../commands/artifacts-export.ts")).exportArtifactCommand));
  artifacts
    .command("register")
    .summary("keep a file from outside as the next version of a name")
    .argument("<name>", "letters, digits, _, - and .")
    .argument("<source>", "a file, or an http or https URL")
    .option("--hash <sha256>", "refuse it unless its bytes have this hash")
    .option("--reference", "only note place and hash; with --hash a URL is not even read")
    .addHelpText("after", example("trilith artifacts register survey ./survey.jsonl"))
    .action(bind(async () => (await import("../commands/artifacts-register.ts")).registerArtifactCommand));
  artifacts
    .command("prune")
    .summary("take out versions that nothing uses, and bytes that nothing mentions")
    .description(
      "Takes out what steps of deleted runs made, unless a kept run or a model uses it, and then the stored bytes that " +
        "nothing mentions and that are older than an hour. Without --yes it only says what would go.",
    )
    .option("--yes", "do it")
    .option("--older-than <age>", "only versions of at least this age, for example 30d, 12h", "0d")
    .option("--registered", "also what was registered and no run has read")
    .addHelpText("after", example("trilith artifacts prune --older-than 30d"))
    .action(bind(async () => (await import("../commands/artifacts-prune.ts")).pruneArtifactsCommand));
}
