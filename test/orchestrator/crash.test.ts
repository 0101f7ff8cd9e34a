import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openJournalWorkspace } from "./journal-workspace.ts";

const PROGRAM = join(import.meta.dirname, "crash-program.ts");
const EXPECTED = { total: 3 * 30_000 + 0 + 1 + 2 + 1 };
const EFFECTS = ["join", "mark", "measure 0", "measure 1", "measure 2", "seed", "widen"];

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "trilith-crash-"));

function start(...args: string[]): {
  child: ChildProcess;
  ended: Promise<{ signal: string | null; code: number | null; output: string }>;
} {
  const child = spawn(process.execPath, ["--no-warnings", PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
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

/** The only run of the folder, seen from outside. */
async function lookAt(folder: string) {
  const workspace = await openJournalWorkspace({ folder });
  const [run] = await workspace.runs.listRuns();
  const invocations = await workspace.runs.listInvocations(run?.id ?? "");
  await workspace.close();
  return {
    id: run?.id ?? "",
    state: run?.state,
    finished: invocations.filter(({ state }) => state === "completed").map(({ step }) => step),
  };
}

async function resumeAndCompare(folder: string, interrupted: string): Promise<void> {
  const { id, state } = await lookAt(folder);
  expect(state).toBe("interrupted");
  const { output, code } = await start(folder, "resume", id).ended;
  expect({ code, output: JSON.parse(output) }).toEqual({ code: 0, output: { id, result: EXPECTED } });
  const effects = effectsOf(folder);
  const again = effects.filter((effect, i) => effects.indexOf(effect) !== i);
  expect(again.filter((effect) => !effect.startsWith(interrupted))).toEqual([]);
  expect([...new Set(effects)].sort()).toEqual(EFFECTS);
  expect((await lookAt(folder)).state).toBe("completed");
}

describe("a run whose process is killed", () => {
  it.concurrent.each([
    ["attempt-started", "widen", ["seed"]],
    ["inside", "widen", ["seed"]],
    ["outputs-saved", "widen", ["seed"]],
    ["attempt-committed", "widen", ["seed", "widen"]],
    ["attempt-committed", "join", ["join", "mark", "measure", "measure", "measure", "seed", "widen"]],
  ])(
    "%s of %s goes on in another process, repeats no finished step, and ends as if nothing had been",
    async (point, name, finished) => {
      const folder = temporaryFolder();
      const { signal } = await start(folder, "run", "-", `${point}:${name}`).ended;
      expect(signal).toBe("SIGKILL");
      expect((await lookAt(folder)).finished.sort()).toEqual(expect.arrayContaining(finished));
      await resumeAndCompare(folder, name);
    },
  );

  it.concurrent("from outside, in the middle of a step, goes on too", async () => {
    const folder = temporaryFolder();
    const { child, ended } = start(folder, "run", "-", "hang:mark");
    while (!effectsOf(folder).includes("mark")) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await lookAt(folder)).state).toBe("running");
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    await resumeAndCompare(folder, "mark");
  });
});

it("lets two processes run pipelines on one workspace at once", async () => {
  const folder = temporaryFolder();
  const ends = await Promise.all([start(folder, "run", "-").ended, start(folder, "run", "-").ended]);
  expect(ends.map(({ output }) => JSON.parse(output).result)).toEqual([EXPECTED, EXPECTED]);
  expect(effectsOf(folder).length).toBe(2 * EFFECTS.length);
});
