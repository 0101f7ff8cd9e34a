import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { commandStep, pipeline, runPipeline } from "../../src/orchestrator/index.ts";
import { openTestWorkspace, runInMemory, type TestWorkspace } from "../../src/testing/index.ts";
import { isAlive } from "../process-life.ts";

/** Where the steps below leave a mark each time they run, and what stands for a source of their program. */
const folder = mkdtempSync(join(tmpdir(), "trilith-marks-"));
const marks = join(folder, "marks");
const sourceFile = join(folder, "source.txt");
const APPEND = `
  const fs = require("node:fs"), path = require("node:path"), { env, argv } = process;
  fs.appendFileSync(argv[1], "x");
  fs.writeFileSync(path.join(env.TRILITH_OUTPUT, "output.json"), JSON.stringify(argv[2] + (env.TONE ?? "")));`;
/** What a step below is declared with, that no source text says. */
let computed: { word: string; env: Record<string, string> } = { word: "a", env: {} };

const declare = () => ({
  command: process.execPath,
  args: ["-e", APPEND, marks, computed.word],
  env: computed.env,
});
const first = commandStep({
  name: "mark",
  ...declare(),
  input: z.object({ n: z.number() }),
  output: z.string(),
  files: [sourceFile],
});
computed = { word: "b", env: {} };
const otherWord = commandStep({
  name: "mark",
  ...declare(),
  input: z.object({ n: z.number() }),
  output: z.string(),
  files: [sourceFile],
});
computed = { word: "a", env: { TONE: "!" } };
const otherTone = commandStep({
  name: "mark",
  ...declare(),
  input: z.object({ n: z.number() }),
  output: z.string(),
  files: [sourceFile],
});

let workspace: TestWorkspace;
beforeAll(async () => {
  writeFileSync(marks, "");
  writeFileSync(sourceFile, "1");
  workspace = await openTestWorkspace();
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true });
});

describe("a command step in a run", () => {
  it("is cached by input, command, arguments, environment and declared files", async () => {
    const run = async (declared: typeof first, n: number): Promise<string> => {
      const marking = pipeline({ name: "marking", run: () => ({ said: declared({ n }) }) });
      return (await (await runPipeline(marking, {}, { workspace })).result).said;
    };
    const timesRun = (): number => readFileSync(marks, "utf8").length;
    expect([await run(first, 1), timesRun()]).toEqual(["a", 1]);
    expect([await run(first, 1), timesRun()]).toEqual(["a", 1]);
    expect([await run(first, 2), timesRun()]).toEqual(["a", 2]);
    expect([await run(otherWord, 1), timesRun()]).toEqual(["b", 3]);
    expect([await run(otherTone, 1), timesRun()]).toEqual(["a!", 4]);
    expect([await run(otherWord, 1), timesRun()]).toEqual(["b", 4]);
    writeFileSync(sourceFile, "another");
    expect([await run(first, 1), timesRun()]).toEqual(["a", 5]);
  });

  it("is stopped with all that it has started when its time is up, and tried again as its policy says", async () => {
    const pids = join(folder, "pids");
    const slow = commandStep({
      name: "slow",
      command: process.execPath,
      args: [
        "-e",
        `const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e3)"]);
         require("node:fs").appendFileSync(process.argv[1], child.pid + "\\n"); setInterval(() => {}, 1e3);`,
        pids,
      ],
      timeoutMs: 1_000,
      retry: { maxRetries: 1, delayMs: 1 },
    });
    const { result, invocations } = await runInMemory(pipeline({ name: "slowly", run: () => void slow() }), {});
    await expect(result).rejects.toThrow(
      "The step slow failed after 2 attempts: The step slow was not done after 1000 ms",
    );
    expect(invocations[0]?.attempts.map(({ error }) => error?.code)).toEqual(["step-timeout", "step-timeout"]);
    const started = readFileSync(pids, "utf8").trim().split("\n").map(Number);
    expect(started).toHaveLength(2);
    await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]), 5_000);
  });

  it("leaves its exit code's error, its lines and its metrics in the journal", async () => {
    const fails = commandStep({
      name: "fails",
      command: process.execPath,
      args: [
        "-e",
        `console.log('{"metric":"loss","value":2,"at":1}'); console.error("no such row"); process.exitCode = 4;`,
      ],
    });
    const { result, invocations } = await runInMemory(pipeline({ name: "failing", run: () => void fails() }), {});
    await expect(result).rejects.toThrow(/ended with code 4.*no such row/s);
    expect(invocations[0]?.attempts[0]?.error?.code).toBe("command-failed");
  });
});
