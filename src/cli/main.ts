/**
 * The command line: names, arguments and help of every command. What a command does is imported when
 * it runs, so that `trilith --help` and a small pipeline start at once.
 */

import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { addArtifactCommands } from "./command-groups/artifact-commands.ts";
import type { Action } from "./command-groups/bind.ts";
import { addDataCommands } from "./command-groups/data-commands.ts";
import { addDatasetCommands } from "./command-groups/dataset-commands.ts";
import { addEmbedderCommands } from "./command-groups/embedder-commands.ts";
import { addFeatureCommands } from "./command-groups/feature-commands.ts";
import { addLineageCommand } from "./command-groups/lineage-commands.ts";
import { addModelCommands } from "./command-groups/model-commands.ts";
import { addProjectCommands } from "./command-groups/project-commands.ts";
import { addRunCommands } from "./command-groups/run-commands.ts";
import { addScheduleCommands } from "./command-groups/schedule-commands.ts";
import { addTwinCommands } from "./command-groups/twin-commands.ts";
import { reportError } from "./errors.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** Runs one command line and sets the process's exit code: 0, 1 failed, 2 wrong command, 70 a fault, 130 stopped. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  process.on("SIGINT", () => (stop.signal.aborted ? process.exit(130) : stop.abort(interruption())));
  process.on("SIGTERM", () => stop.abort(interruption()));
  // `trilith runs | head`: who read the output has gone.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  process.env["LANCEDB_LOG"] ??= "error"; // its warnings about how vectors cluster help nobody
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
  addProjectCommands(program, bind);
  addRunCommands(program, bind);
  addArtifactCommands(program, bind);
  addDataCommands(program, bind);
  addDatasetCommands(program, bind);
  addEmbedderCommands(program, bind);
  addFeatureCommands(program, bind);
  addLineageCommand(program, bind);
  addModelCommands(program, bind);
  addScheduleCommands(program, bind);
  addTwinCommands(program, bind);
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    command
      .exitOverride()
      .option("--json", "print the result as JSON")
      .option("--debug", "print the stack of an error");
    command.option("--workspace <folder>", "where everything is kept");
  }
  return program;
}
