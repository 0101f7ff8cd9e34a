import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { signalName } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const PROGRAM = join(import.meta.dirname, "crash-program.ts");

/** By shape: what the run gives, and the least number of crash points that it passes. */
const SHAPES = [
  ["linear", { last: 3 }, 13],
  ["branched", { all: 3 + 3 + 11 }, 21],
  ["fanned", { all: 3 * 30_000 + 0 + 1 + 2, mark: 1 }, 25],
  ["nested", { second: 5, third: 8 }, 26],
] as const;

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "trilith-crash-"));

function start(...args: (string | number)[]): {
  child: ChildProcess;
  ended: Promise<{ signal: string | null; code: number | null; output: string }>;
} {
  const child = spawn(process.execPath, ["--no-warnings", PROGRAM, ...args.map(String)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  return {
    child,
    ended: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, output }))),
  };
}

const effectsOf = (folder: string): string[] => {
  const file = join(folder, "effects.log");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};

/** The only run of the folder, seen from outside; what a nested run waits for is sent. */
async function lookAt(folder: string, send = false) {
  const workspace = await openJournalWorkspace({ folder });
  const [run] = await workspace.runs.listRuns();
  const invocations = await workspace.runs.listInvocations(run?.id ?? "");
  if (send && run && (await workspace.runs.queue.listSignals(run.id)).length === 0) {
    await workspace.runs.queue.signal({ runId: run.id, name: signalName("event", "go"), value: 7, by: "a test" });
  }
  await workspace.close();
  const completed = invocations.filter(({ state }) => state === "completed");
  return {
    id: run?.id ?? "",
    state: run?.state,
    finished: completed.map(({ id }) => id),
    finishedSteps: completed.filter(({ kind }) => kind === "step").length,
  };
}

/** Resumes until the run has ended; a run that waits is told what it waits for. */
async function finish(folder: string, shape: string): Promise<unknown> {
  for (;;) {
    const { id } = await lookAt(folder, shape === "nested");
    const { output, code } = await start(folder, shape, "resume", id, 0).ended;
    expect({ code, output }).toMatchObject({ code: 0 });
    const { result } = JSON.parse(output);
    if (result !== "waiting") return result;
  }
}

/** A run that was killed at that point ends as if nothing had been, and does at most what was under way again. */
async function killAndResume(shape: string, point: number, expected: unknown): Promise<void> {
  const folder = temporaryFolder();
  const { signal, output } = await start(folder, shape, "run", "-", point).ended;
  if (signal !== "SIGKILL") {
    // The point lies behind what the run waits for: it is passed when the run is resumed.
    const { result, passed } = JSON.parse(output);
    expect(result).toBe("waiting");
    const { id } = await lookAt(folder, true);
    expect((await start(folder, shape, "resume", id, point - passed).ended).signal).toBe("SIGKILL");
  }
  const before = await lookAt(folder);
  expect(["interrupted", "waiting", "queued"]).toContain(before.state);
  const done = effectsOf(folder);
  expect(await finish(folder, shape)).toEqual(expected);
  const effects = effectsOf(folder);
  // What had run and was not committed may have run again, what was committed has not.
  const twice = effects.length - new Set(effects).size;
  expect(twice).toBeLessThanOrEqual(done.length - before.finishedSteps);
  const after = await lookAt(folder);
  expect(after.state).toBe("completed");
  expect(before.finished.filter((id) => !after.finished.includes(id))).toEqual([]);
  rmSync(folder, { recursive: true });
}

describe("a run whose process is killed", () => {
  it.concurrent.each(SHAPES)(
    "goes on from every crash point of a %s graph, and ends as if nothing had been",
    { timeout: 300_000 },
    async (shape, expected, leastPoints) => {
      const folder = temporaryFolder();
      const first = await start(folder, shape, "run", "-", 0).ended;
      const { passed, result } = JSON.parse(first.output);
      let points: number = passed;
      if (result === "waiting") {
        const { id } = await lookAt(folder, true);
        const second = JSON.parse((await start(folder, shape, "resume", id, 0).ended).output);
        expect(second.result).toEqual(expected);
        points += second.passed;
      } else expect(result).toEqual(expected);
      expect(points).toBeGreaterThanOrEqual(leastPoints);
      expect(effectsOf(folder).length).toBe(new Set(effectsOf(folder)).size);
      for (let point = 1; point <= points; point++) await killAndResume(shape, point, expected);
    },
  );

  it.concurrent.each(["inside b", "hang b"])("in the middle of a step (%s) repeats that step alone", async (where) => {
    const folder = temporaryFolder();
    const { child, ended } = start(folder, "linear", "run", "-", where);
    while (!effectsOf(folder).includes("b 1")) await new Promise((resolve) => setTimeout(resolve, 20));
    if (where.startsWith("hang")) {
      expect((await lookAt(folder)).state).toBe("running");
      child.kill("SIGKILL");
    }
    expect((await ended).signal).toBe("SIGKILL");
    expect((await lookAt(folder)).state).toBe("interrupted");
    expect(await finish(folder, "linear")).toEqual({ last: 3 });
    expect(effectsOf(folder)).toEqual(["a 0", "b 1", "b 1", "c 2"]);
  });
});

it("lets two processes run pipelines on one workspace at once", async () => {
  const folder = temporaryFolder();
  const ends = await Promise.all([0, 1].map(() => start(folder, "branched", "run", "-", 0).ended));
  expect(ends.map(({ output }) => JSON.parse(output).result)).toEqual([{ all: 17 }, { all: 17 }]);
  expect(effectsOf(folder).length).toBe(2 * 5);
});
