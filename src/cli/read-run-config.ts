/** The run configuration of a command: its file and `--set`, read against a pipeline, with what means nothing here told. */

import { readFile } from "node:fs/promises";
import { type Pipeline, parseRunConfig } from "../orchestrator/index.ts";
import type { CommandContext } from "./command-context.ts";
import { UnreadableFileError } from "./errors.ts";

/** @throws {UnreadableFileError} {RunConfigError} */
export async function readRunConfig<P extends Pipeline>(
  { terminal, env }: CommandContext,
  pipeline: P,
  options: { readonly config?: string; readonly set?: readonly string[] },
) {
  const file = options.config ?? "--set or --config"; // what to give, where nothing was
  const text = options.config === undefined ? "" : await readText(options.config);
  const config = await parseRunConfig(pipeline, { text, file, env, overrides: options.set ?? [] });
  for (const { file: source, line, key, reason } of config.notices) {
    const where = source.startsWith("--set") ? source : `${source}:${line}`;
    terminal.note(`${terminal.color.yellow("ignored")} ${where}: ${key}: ${reason}`);
  }
  return config;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UnreadableFileError(file, cause);
  }
}
