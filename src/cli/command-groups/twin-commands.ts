/** Commands about twins: serve, start, write. */

import type { Command } from "commander";
import { type Bind, example } from "./bind.ts";

export function addTwinCommands(program: Command, bind: Bind): void {
  program
    .command("write")
    .summary("what the base and a model make of the same beginnings")
    .argument("<prompts...>", "beginnings, each in quotes; requests where the base has learnt to reply")
    .option(
      "--model <name>",
      "a name for its newest version, or name@version, name@stage, name@alias; the base alone without",
    )
    .option("--tokens <count>", "at most, of each text", "80")
    .option("--seed <number>", "another one gives other texts", "1")
    .addHelpText("after", example('trilith write "The trouble with tests is" "Last week" --model twin-jane-doe'))
    .action(bind(async () => (await import("../commands/write.ts")).writeCommand));
  program
    .command("serve")
    .summary("serve the twins over HTTP, in the manner of OpenAI's API")
    .option("--port <number>", "0 takes a free one", "8484")
    .option("--host <address>", "another than 127.0.0.1 needs an API key", "127.0.0.1")
    .addHelpText("after", example("trilith serve --port 8484"))
    .action(bind(async () => (await import("../commands/serve.ts")).serveCommand));
  program
    .command("start")
    .summary("the whole way, from documents to a twin that answers, with a report")
    .option("--author <name>", "whose writing it is (with --links)")
    .option("--rights <ground>", "own, permission or public-domain (with --author)")
    .option("--links <link...>", "URLs, files and folders of the author's writing")
    .option("--port <number>", "of the server; 0 takes a free one", "8484")
    .option("--keep", "keep the server up at the end, also without a terminal")
    .addHelpText(
      "after",
      example('npm start -- --author "Jane Doe" --rights own --links https://jane.example/post ./my-notes'),
    )
    .action(bind(async () => (await import("../commands/start.ts")).startCommand));
}
