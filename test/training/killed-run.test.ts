import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "killed-run-program.ts");
const STEPS = 10;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "trilith-killed-run-"));
});
afterAll(() => rm(root, { recursive: true }));

const partialsIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".partial")) : [];

/** Runs the program, to its end or until `kill` says so; gives the losses by step as far as they were printed. */
async function run(folder: string, kill: (lines: number) => boolean = () => false): Promise<Map<string, string>> {
  const args = ["--no-warnings", PROGRAM, folder, join(root, "base"), String(STEPS)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  while (child.exitCode === null && child.signalCode === null) {
    if (kill(output.split("\n").length - 1)) child.kill("SIGKILL");
    await wait(1);
  }
  await ended;
  return new Map(
    output
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(" ") as [string, string]),
  ); // "<step> <losses>"
}

describe("a run that is killed", () => {
  it("goes on with the losses of one that was not, bit for bit, also when killed in the middle of a checkpoint", async () => {
    const whole = await run(join(root, "whole"));
    expect([...whole.keys()]).toEqual([...Array.from({ length: STEPS }, (_, step) => String(step + 1)), "end"]);
    const folder = join(root, "killed");
    let halfWritten = 0;
    for (const lines of [2, 3, 1]) {
      const losses = await run(folder, (printed) => printed >= lines && partialsIn(folder).length > 0);
      halfWritten += partialsIn(folder).length;
      for (const [step, loss] of losses) expect(loss).toBe(whole.get(step));
    }
    expect(halfWritten).toBeGreaterThan(0);
    const last = await run(folder);
    expect(last.size).toBeLessThan(STEPS);
    for (const [step, loss] of last) expect(loss).toBe(whole.get(step));
    expect(last.has("end")).toBe(true);
    expect(partialsIn(folder)).toEqual([]);
  }, 90_000);
});
