/** The project that a command is run in: its configuration file, its workspace, its pipelines. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TrilithConfig } from "../contracts/config.ts";
import { createLogger } from "../contracts/logger.ts";
import type { ArtifactRecord, RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import type { HubProgress } from "../models/index.ts";
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
  const config = await loadConfig(process.cwd());
  return openWorkspace({ folder: workspaceFolder, config, env, log, onDownload: downloadNotes(terminal) });
}

/** A line at the start of a download and at every twentieth of it. */
function downloadNotes({ note, color }: CommandContext["terminal"]): (progress: HubProgress) => void {
  let told = -1;
  return ({ model, receivedBytes, totalBytes }) => {
    const twentieth = Math.floor((20 * receivedBytes) / Math.max(1, totalBytes));
    if (twentieth <= told) return;
    told = twentieth;
    const megabytes = [receivedBytes, totalBytes].map((bytes) => (bytes / 1e6).toFixed(1));
    note(color.dim(`  ${model}: ${megabytes.join(" of ")} MB (${5 * twentieth} %)`));
  };
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
