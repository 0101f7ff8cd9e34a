/** `trilith run`: a pipeline with a configuration file and `--set`, followed until it ends. */

import { readFile } from "node:fs/promises";
import { parseRunConfig, runPipeline } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { UnreadableFileError } from "../errors.ts";
import { followRun } from "../follow-run.ts";
import { findPipeline, withProject } from "../open-project.ts";

interface RunCommandOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  /** `false` with `--no-cache`. */
  readonly cache: boolean;
}

/** Runs the pipeline; exits with 1 when a step fails, and says how to go on. */
export async function runCommand(context: CommandContext, name: string, options: RunCommandOptions): Promise<void> {
  const { terminal, env, signal } = context;
  const pipeline = await findPipeline(name);
  const file = options.config ?? "--set or --config"; // what to give, where nothing was
  const text = options.config === undefined ? "" : await readText(options.config);
  const { parameters, settings, notices } = await parseRunConfig(pipeline, {
    text,
    file,
    env,
    overrides: options.set ?? [],
  });
  for (const { file: source, line, key, reason } of notices) {
    const where = source.startsWith("--set") ? source : `${source}:${line}`;
    terminal.note(`${terminal.color.yellow("ignored")} ${where}: ${key}: ${reason}`);
  }
  await withProject(context, async (workspace) => {
    const run = { ...settings, ...(options.cache ? {} : { enableCache: false }) };
    const handle = await runPipeline(pipeline, parameters, { workspace, settings: run, signal });
    await followRun(handle, terminal);
    const record = await workspace.runs.findRun(handle.id);
    terminal.printJson(record);
    terminal.print(`${handle.id} ${record?.state ?? ""}`);
    for (const [output, artifacts] of Object.entries(record?.outputs ?? {}))
      terminal.print(`  ${output}: ${[artifacts].flat().join(", ")}`);
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UnreadableFileError(file, cause);
  }
}
