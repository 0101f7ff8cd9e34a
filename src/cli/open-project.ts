/** The project that a command is run in: its configuration file, its workspace, its pipelines. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TrilithConfig } from "../contracts/config.ts";
import { createLogger } from "../contracts/logger.ts";
import type { ArtifactRecord, RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { openWorkspace } from "../workspace.ts";
import type { CommandContext } from "./command-context.ts";
import { InvalidConfigError, UnknownNameError } from "./errors.ts";

/**
 * The workspace of the project in the current folder, with `trilith.config.ts` where there is one.
 * Warnings go to standard error.
 */
export async function openProject({ terminal, workspaceFolder, env }: CommandContext): Promise<Workspace> {
  const log = createLogger((level, message) => {
    if (level === "warn" || level === "error") terminal.note(`${terminal.color.yellow(level)} ${message}`);
  });
  return openWorkspace({ folder: workspaceFolder, config: await loadConfig(process.cwd()), env, log });
}

/** Runs `use` with the project's workspace and closes it, whatever happens. */
export async function withProject<T>(context: CommandContext, use: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openProject(context);
  try {
    return await use(workspace);
  } finally {
    await workspace.close();
  }
}

/** A run by id, name or the beginning of its id. @throws {UnknownNameError} */
export async function findRun(workspace: Workspace, id: string): Promise<RunRecord> {
  const run = await workspace.runs.findRun(id);
  if (run === undefined) throw new UnknownNameError("run", id, "List them with: trilith runs");
  return run;
}

/** An artifact by `name@version`, or the newest of a name. @throws {UnknownNameError} */
export async function findArtifact(workspace: Workspace, id: string): Promise<ArtifactRecord> {
  const artifact = await workspace.runs.artifacts.find(id);
  if (artifact === undefined) throw new UnknownNameError("artifact", id, "List them with: trilith artifacts");
  return artifact;
}

async function loadConfig(folder: string): Promise<TrilithConfig> {
  const file = ["trilith.config.ts", "trilith.config.js"]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return {};
  const module: { config?: TrilithConfig; default?: TrilithConfig } = await import(pathToFileURL(file).href);
  const config = module.config ?? module.default;
  if (config === undefined) throw new InvalidConfigError(file);
  return config;
}
