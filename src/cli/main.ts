/**
 * The command line: names, arguments and help of every command. What a command does is imported when
 * it runs, so that `trilith --help` and a small pipeline start at once.
 */

import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { reportError } from "./errors.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

type Action = (context: CommandContext, ...args: never[]) => Promise<void>;

/** Runs one command line and sets the process's exit code: 0, 1 failed, 2 wrong command, 70 a fault, 130 stopped. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  process.on("SIGINT", () => (stop.signal.aborted ? process.exit(130) : stop.abort(interruption())));
  process.on("SIGTERM", () => stop.abort(interruption()));
  const json = argv.includes("--json");
  const terminal = createTerminal({ json, stdout: process.stdout, stderr: process.stderr, env: process.env });
  try {
    await buildProgram(terminal, stop.signal).parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else process.exitCode = stop.signal.aborted ? 130 : reportError(error, terminal, argv.includes("--debug"));
  }
}

function interruption(): DOMException {
  return new DOMException("Stopped by the user", "AbortError");
}

function buildProgram(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command("trilith")
    .description("Turns what a person has written into a language model that writes like them.")
    .version("0.1.0")
    .option("--workspace <folder>", "where everything is kept (default: .trilith, or TRILITH_WORKSPACE)")
    .option("--json", "print the result as JSON")
    .option("--debug", "print the stack of an error")
    .exitOverride()
    .showHelpAfterError("Run with --help to see what it takes.");
  // Commander hands an action its arguments, its options and itself; the options of all levels are merged.
  const bind =
    (load: () => Promise<Action>) =>
    async (...args: unknown[]): Promise<void> => {
      const command = args.at(-1) as Command; // commander's last argument is always the command
      const options = command.optsWithGlobals<{ workspace?: string }>();
      const context = { terminal, workspaceFolder: options.workspace, env: process.env, signal };
      const action = (await load()) as (context: CommandContext, ...rest: unknown[]) => Promise<void>;
      await action(context, ...args.slice(0, -2), options);
    };
  addRunCommands(program, bind);
  addDataCommands(program, bind);
  addTwinCommands(program, bind);
  for (const command of program.commands) {
    command
      .exitOverride()
      .option("--json", "print the result as JSON")
      .option("--debug", "print the stack of an error");
    command.option("--workspace <folder>", "where everything is kept");
  }
  return program;
}

type Bind = (load: () => Promise<Action>) => (...args: unknown[]) => Promise<void>;

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function addRunCommands(program: Command, bind: Bind): void {
  program
    .command("run")
    .summary("run a pipeline")
    .description("Runs a pipeline of this project's pipelines/ folder, or of those that come with Trilith.")
    .argument("<pipeline>", "its name, for example digital_data_etl")
    .option("--config <file>", "a YAML run configuration")
    .option("--set <key=value>", "a parameter, or any key of the configuration by its path; can be repeated", collect)
    .option("--no-cache", "run every step again")
    .addHelpText("after", example("trilith run feature_engineering --set 'author_full_names=[Jane Doe]'"))
    .action(bind(async () => (await import("./commands/run.ts")).runCommand));
  program
    .command("runs")
    .summary("list runs, or show one")
    .argument("[run]", "a run's id or the beginning of it")
    .option("--limit <count>", "how many to list", "20")
    .addHelpText("after", example("trilith runs --limit 5"))
    .action(bind(async () => (await import("./commands/runs.ts")).runsCommand));
  program
    .command("resume")
    .summary("go on with a run that was interrupted, failed or cancelled")
    .argument("<run>", "its id or the beginning of it")
    .addHelpText("after", example("trilith resume training-20261124-0606"))
    .action(bind(async () => (await import("./commands/resume.ts")).resumeCommand));
  program
    .command("artifacts")
    .summary("list artifact versions, or show one")
    .argument("[artifact]", "name@version, or a name for its versions")
    .option("--limit <count>", "how many to list", "20")
    .addHelpText("after", example("trilith artifacts clean_documents@1"))
    .action(bind(async () => (await import("./commands/artifacts.ts")).artifactsCommand));
}

function addDataCommands(program: Command, bind: Bind): void {
  program
    .command("import")
    .summary("take in a warehouse export of the LLM Engineer's Handbook")
    .argument("<folder>", "the folder with ArticleDocument.json and UserDocument.json")
    .addHelpText("after", example("trilith import ./data_warehouse_raw_data"))
    .action(bind(async () => (await import("./commands/import.ts")).importCommand));
  program
    .command("search")
    .summary("find chunks by words and meaning")
    .argument("<words...>", "what to look for")
    .option("--limit <count>", "how many", "5")
    .option("--author <name>", "only what this author wrote; can be repeated", collect)
    .option("--dense-weight <fraction>", "share of the vectors in the score, 0 for BM25 alone")
    .addHelpText("after", example('trilith search "how large should a chunk be" --dense-weight 0'))
    .action(bind(async () => (await import("./commands/search.ts")).searchCommand));
  program
    .command("ask")
    .summary("answer a question from what was written, with citations")
    .argument("<words...>", "the question")
    .option("--author <name>", "only from what this author wrote; can be repeated", collect)
    .addHelpText("after", example('trilith ask "Which chunk size did they settle on?"'))
    .action(bind(async () => (await import("./commands/ask.ts")).askCommand));
}

function addTwinCommands(program: Command, bind: Bind): void {
  program
    .command("models")
    .summary("list model versions, show one, or give it a stage")
    .argument("[model]", "a name, or name@version")
    .option("--stage <stage>", "staging, production, archived or none")
    .addHelpText("after", example("trilith models twin-jane-doe@2 --stage production"))
    .action(bind(async () => (await import("./commands/models.ts")).modelsCommand));
  program
    .command("serve")
    .summary("serve the twins over HTTP, in the manner of OpenAI's API")
    .option("--port <number>", "0 takes a free one", "8484")
    .option("--host <address>", "another than 127.0.0.1 needs an API key", "127.0.0.1")
    .addHelpText("after", example("trilith serve --port 8484"))
    .action(bind(async () => (await import("./commands/serve.ts")).serveCommand));
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
    .action(bind(async () => (await import("./commands/start.ts")).startCommand));
}

const example = (line: string): string => `\nExample:\n  ${line}\n`;
