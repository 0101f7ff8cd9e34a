/**
 * The real command in a child process. A test sees of it what a person's shell sees: standard output, standard error,
 * and the exit code. Settings of the machine that would change what it does are kept from it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** The package's folder. */
export const PACKAGE_FOLDER = join(import.meta.dirname, "../..");

export interface Ended {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TrilithOptions {
  /** The project's folder. Default: the package's own. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs one command line to its end. */
export function runTrilith(args: readonly string[], options: TrilithOptions = {}): Promise<Ended> {
  return startTrilith(args, options).ended;
}

/** Starts one command line; `ended` resolves when its output is complete. */
export function startTrilith(
  args: readonly string[],
  { cwd = PACKAGE_FOLDER, env = {} }: TrilithOptions = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(PACKAGE_FOLDER, "bin/trilith.js"), ...args], {
    cwd,
    env: { ...plainEnvironment(), NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: stdout.join(""), stderr: stderr.join("") }));
  });
  return { child, ended };
}

/** The environment without models, keys and folders that a machine may have set for Trilith, and without vitest's. */
function plainEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TRILITH_|OPENAI_|VITEST|NODE_OPTIONS$)/.test(name));
  return Object.fromEntries(kept);
}
