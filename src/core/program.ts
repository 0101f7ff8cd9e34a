/**
 * A program from its start to its end, as one process group: whatever it has started is stopped with it,
 * when it is told to stop, when it has ended, and when this process ends.
 */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** What a program is run with. */
export interface ProgramSetting {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Between SIGTERM and SIGKILL, when the signal aborts. */
  readonly killAfterMs: number;
  onLine(stream: "stdout" | "stderr", line: string): void;
}

/** How a program ended. */
export interface ProgramEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Of stderr, cut to a width that fits a message. */
  readonly lastLines: readonly string[];
}

/** How long pipes are read that something outside the group holds open. */
const LEFTOVER_MS = 1_000;
const LAST_LINES = 10;
const LINE_CHARACTERS = 400;
/** Windows has no groups: there only the program itself is stopped. */
const HAS_GROUPS = process.platform !== "win32";

/**
 * Runs the program to its end, whatever that is.
 *
 * @throws the signal's reason when it aborts first; the system's error when the program cannot be started
 */
export async function runProgram({ command, args }: Program, setting: ProgramSetting): Promise<ProgramEnd> {
  const { cwd, env, signal, killAfterMs } = setting;
  signal.throwIfAborted();
  const child = startProgram(command, args, { cwd, env, detached: HAS_GROUPS, stdio: ["ignore", "pipe", "pipe"] });
  const lastLines: string[] = [];
  const streams = [
    readLines(child.stdout, (line) => setting.onLine("stdout", line)),
    readLines(child.stderr, (line) => {
      setting.onLine("stderr", line);
      lastLines.push(line.slice(0, LINE_CHARACTERS));
      if (lastLines.length > LAST_LINES) lastLines.shift();
    }),
  ];
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    signalGroup(child, "SIGTERM");
    killing = setTimeout(() => signalGroup(child, "SIGKILL"), killAfterMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const end = await endOf(child);
    endGroup(child);
    await Promise.all(streams.map(drain));
    signal.throwIfAborted();
    return { ...end, lastLines };
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killing);
    endGroup(child);
  }
}

/** Programs that run now, to be stopped when this process ends. */
const running = new Set<ChildProcess>();
const stopAll = (): void => running.forEach((child) => void signalGroup(child, "SIGKILL"));

function startProgram(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options);
  if (running.size === 0) process.on("exit", stopAll);
  running.add(child);
  return child;
}

/** Stops what is left of the program, once. */
function endGroup(child: ChildProcess): void {
  if (!running.delete(child)) return;
  if (running.size === 0) process.off("exit", stopAll);
  signalGroup(child, "SIGKILL");
}

function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  if (!HAS_GROUPS) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody is left in the group
  }
}

function endOf(child: ChildProcess): Promise<Omit<ProgramEnd, "lastLines">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

function readLines(stream: Readable | null, onLine: (line: string) => void): Readable {
  if (stream === null) throw new TypeError("the program was started without a pipe"); // startProgram asks for both
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", onLine);
  return stream;
}

/** Reads to the end what has been written; gives up on a pipe that is held open. */
async function drain(stream: Readable): Promise<void> {
  await finished(stream, { signal: AbortSignal.timeout(LEFTOVER_MS) }).catch(() => undefined);
  stream.destroy();
}
