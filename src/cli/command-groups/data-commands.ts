/** Commands about what was collected: collect, import, search, ask. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

export function addDataCommands(program: Command, bind: Bind): void {
  program
    .command("collect")
    .summary("take in an author's pages, feeds, folders, or a whole blog")
    .argument("<links...>", "web addresses, and paths of files and folders")
    .requiredOption("--author <name>", "who wrote it: first name, then the rest")
    .option("--discover", "find all posts under the addresses, as under a blog's home page")
    .option("--yes", "collect what was found without asking")
    .option("--refresh", "fetch pages whole that their server calls unchanged")
    .option("--max-failed <fraction>", "share of the links that may fail, 0 to 1 (default: 1)")
    .addHelpText("after", example('trilith collect https://blog.example/ --author "Ada Lovelace" --discover'))
    .action(bind(async () => (await import("../commands/collect.ts")).collectCommand));
  program
    .command("import")
    .summary("take in a warehouse export of the LLM Engineer's Handbook")
    .argument("<folder>", "the folder with ArticleDocument.json and UserDocument.json")
    .addHelpText("after", example("trilith import ./data_warehouse_raw_data"))
    .action(bind(async () => (await import("../commands/import.ts")).importCommand));
  program
    .command("search")
    .summary("find chunks by words and meaning")
    .argument("<words...>", "what to look for")
    .option("--limit <count>", "how many", "5")
    .option("--author <name>", "only what this author wrote; can be repeated, as can the next four", collect)
    .option("--kind <kind>", "article, post, repository or note", collect)
    .option("--platform <platform>", "a host, or folder", collect)
    .option("--language <code>", "such as en", collect)
    .option("--tag <tag>", "what has any of the tags", collect)
    .option("--from <date>", "published then or later")
    .option("--to <date>", "published then or earlier")
    .option("--dense-weight <fraction>", "share of the vectors in the score, 0 for words alone")
    .option("--diversity <fraction>", "how unlike each other the hits are to be, 0 to 1")
    .addHelpText("after", example('trilith search "how large should a chunk be" --dense-weight 0'))
    .action(bind(async () => (await import("../commands/search.ts")).searchCommand));
  program
    .command("ask")
    .summary("answer a question from what was written, with citations")
    .argument("<words...>", "the question")
    .option("--author <name>", "only from what this author wrote; can be repeated", collect)
    .addHelpText("after", example('trilith ask "Which chunk size did they settle on?"'))
    .action(bind(async () => (await import("../commands/ask.ts")).askCommand));
}
