/** Commands about what is stored of documents: features, and forgetting. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

const load = () => import("../commands/features.ts");

export function addFeatureCommands(program: Command, bind: Bind): void {
  const features = program
    .command("features")
    .summary("what is stored for training and search: list, describe, read, diff, verify, reindex")
    .addHelpText("after", example("trilith features describe chunks"));
  features
    .command("list", { isDefault: true })
    .summary("the groups with their versions, rows and freshness")
    .addHelpText("after", example("trilith features list"))
    .action(bind(async () => (await load()).listFeaturesCommand));
  features
    .command("describe <group>")
    .summary("a group's fields with their statistics, its expectations, authors and versions")
    .option("--as-of <version|time>", "as it was then; default: now")
    .addHelpText("after", example("trilith features describe chunks --as-of 2026-11-01"))
    .action(bind(async () => (await load()).describeFeaturesCommand));
  features
    .command("read <group>")
    .summary("rows of a group, as training and search read them")
    .option("--as-of <version|time>", "as they were then; default: now")
    .option("--author <name>", "only this author's; can be repeated", collect)
    .option("--document <id>", "only this document's; can be repeated", collect)
    .option("--limit <count>", "how many", "20")
    .addHelpText("after", example('trilith features read chunks --author "Ada Lovelace" --limit 3'))
    .action(bind(async () => (await load()).readFeaturesCommand));
  features
    .command("diff <group> <from> [to]")
    .summary("rows that came, went and changed between two versions or times, and drift")
    .option("--vectors", "also how far apart the vectors are, over 1,000 chunks of each")
    .addHelpText("after", example("trilith features diff chunks 1 2026-11-20"))
    .action(bind(async () => (await import("../commands/features-diff.ts")).diffFeaturesCommand));
  features
    .command("verify")
    .summary("check rows against their schema and the index against the rows; exits with 1 when something is wrong")
    .addHelpText("after", example("trilith features verify"))
    .action(bind(async () => (await load()).verifyFeaturesCommand));
  features
    .command("reindex")
    .summary("build the index anew from the stored chunks, by the embedder that is configured now")
    .addHelpText("after", example("trilith features reindex"))
    .action(bind(async () => (await import("../commands/features-reindex.ts")).reindexFeaturesCommand));
  program
    .command("forget")
    .summary("take an author or documents out of everything, for good")
    .option("--author <name>", "all documents of this author")
    .option("--document <id>", "a document by id, URL or path; can be repeated", collect)
    .option("--yes", "do it; without, it only says what would go, or asks")
    .addHelpText("after", example('trilith forget --author "Ada Lovelace"'))
    .action(bind(async () => (await import("../commands/forget.ts")).forgetCommand));
}
