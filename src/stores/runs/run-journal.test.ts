import { describe, expect, it } from "vitest";
import type { InvocationEntry, RunJournal } from "../../contracts/runs.ts";
import { hashBytes } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { migrateDatabase, openSqliteDatabase } from "../database/index.ts";
import type { Processes } from "./process-identity.ts";
import { createRunJournal } from "./run-journal.ts";
import { runMigrations } from "./tables.ts";

/** A machine on which the first process dies when it is told to. */
function createMachine(): Processes & { die(): void } {
  let pid = 1;
  return {
    self: () => ({ pid, startTime: "1", bootId: "b" }),
    isAlive: (identity) => identity.pid === pid,
    die: () => void pid++,
  };
}

async function openJournal(): Promise<{
  journal: RunJournal;
  machine: ReturnType<typeof createMachine>;
  wait(ms: number): void;
}> {
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, runMigrations);
  let nowMs = 1_000;
  const machine = createMachine();
  const clock = { now: () => nowMs, sleep: async () => undefined };
  return {
    journal: createRunJournal(database, { clock, random: createRandom(1), processes: machine }),
    machine,
    wait: (ms) => {
      nowMs += ms;
    },
  };
}

const newRun = (id: string) => ({ id, name: id, pipeline: "etl", parameters: { limit: 1 }, config: {} });
const entry = (id: string, over: Partial<InvocationEntry> = {}): InvocationEntry => ({
  id,
  step: "crawl",
  displayName: "crawl",
  after: [],
  inputs: [],
  codeDigest: "code",
  cacheKey: "key",
  keyParts: null,
  ...over,
});
const draft = (text: string) => ({
  name: "crawl",
  output: "output",
  hash: hashBytes(text),
  sizeBytes: text.length,
  materializer: "json",
  schemaId: "schema",
  preview: text,
  content: Buffer.from(text),
});
const completed = (invocationId: string, attempt: number, text: string) => ({
  invocationId,
  attempt,
  state: "completed" as const,
  final: true,
  error: null,
  artifacts: [draft(text)],
});

describe("the run journal", () => {
  it("gives an invocation back with its attempts, its outputs and who reads them", async () => {
    const { journal, wait } = await openJournal();
    const lease = await journal.createRun(newRun("r1"));
    expect(await lease.startAttempt(entry("crawl-1"))).toBe(1);
    wait(5);
    const [record] = await lease.finishAttempt(completed("crawl-1", 1, "[1]"));
    expect(record).toMatchObject({
      id: "crawl@1",
      version: 1,
      inline: true,
      producer: { runId: "r1", invocationId: "crawl-1" },
    });
    const inputs = [{ path: "from", hash: hashBytes("[1]"), artifactId: "crawl@1" }];
    await lease.startAttempt(entry("clean-1", { step: "clean", inputs, after: ["crawl-1"] }));
    const [first, second] = await journal.listInvocations("r1");
    expect(first).toMatchObject({
      state: "completed",
      startedAtMs: 1_000,
      finishedAtMs: 1_005,
      attempts: [{ number: 1, state: "completed", startedAtMs: 1_000, finishedAtMs: 1_005, error: null }],
      outputs: [{ id: "crawl@1", output: "output", consumers: [{ runId: "r1", invocationId: "clean-1" }] }],
    });
    expect(second).toMatchObject({ id: "clean-1", state: "running", inputs, after: ["crawl-1"], finishedAtMs: null });
    expect(Buffer.from((await journal.readInline("crawl@1")) ?? []).toString()).toBe("[1]");
  });

  it("numbers versions of an artifact across runs, and finds the newest by name", async () => {
    const { journal, wait } = await openJournal();
    for (const id of ["r1", "r2"]) {
      const lease = await journal.createRun(newRun(id));
      await lease.startAttempt(entry("crawl-1"));
      await lease.finishAttempt(completed("crawl-1", 1, id));
      wait(10);
    }
    expect((await journal.listArtifacts({ name: "crawl" })).map(({ id }) => id)).toEqual(["crawl@2", "crawl@1"]);
    expect((await journal.listArtifacts({ runId: "r1" })).map(({ id }) => id)).toEqual(["crawl@1"]);
    expect((await journal.findArtifact("crawl"))?.id).toBe("crawl@2");
    expect((await journal.findArtifact("crawl@1"))?.preview).toBe("r1");
    expect(await journal.findArtifact("crawl@3")).toBeUndefined();
  });

  it("finds completed invocations by cache key, newest first, and none that finished too early", async () => {
    const { journal, wait } = await openJournal();
    for (const id of ["r1", "r2"]) {
      const lease = await journal.createRun(newRun(id));
      await lease.startAttempt(entry("crawl-1"));
      await lease.finishAttempt(completed("crawl-1", 1, id));
      wait(10);
    }
    const failing = await journal.createRun(newRun("r3"));
    await failing.startAttempt(entry("crawl-1"));
    expect((await journal.findCached("key")).map(({ runId }) => runId)).toEqual(["r2", "r1"]);
    expect((await journal.findCached("key", 1_010)).map(({ runId }) => runId)).toEqual(["r2"]);
    expect(await journal.findCached("other")).toEqual([]);
  });

  it("keeps an invocation running between attempts, and counts them across resumes", async () => {
    const { journal, machine } = await openJournal();
    const lease = await journal.createRun(newRun("r1"));
    await lease.startAttempt(entry("crawl-1"));
    const error = { name: "Error", code: null, message: "no", stack: null };
    await lease.finishAttempt({
      invocationId: "crawl-1",
      attempt: 1,
      state: "failed",
      final: false,
      error,
      artifacts: [],
    });
    expect((await journal.listInvocations("r1"))[0]).toMatchObject({ state: "running", error: null });
    expect(await lease.startAttempt(entry("crawl-1"))).toBe(2);
    machine.die();
    const taken = await journal.takeRun("r1");
    const [interrupted] = await journal.listInvocations("r1");
    expect(interrupted?.attempts.map(({ error: why }) => why?.code ?? why?.message)).toEqual(["no", "interrupted"]);
    expect(await taken.startAttempt(entry("crawl-1"))).toBe(3);
  });

  it("shows a run whose process is gone as interrupted, and gives it to one process only", async () => {
    const { journal, machine } = await openJournal();
    const lost = await journal.createRun(newRun("r1"));
    await expect(journal.takeRun("r1")).rejects.toMatchObject({ code: "run-alive", pid: 1 });
    machine.die();
    expect((await journal.findRun("r1"))?.state).toBe("interrupted");
    const taken = await Promise.allSettled([journal.takeRun("r1"), journal.takeRun("r1")]);
    expect(taken.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(lost.startAttempt(entry("crawl-1"))).rejects.toMatchObject({ code: "run-lease-lost" });
    expect(await journal.listInvocations("r1")).toEqual([]);
  });

  it("finds runs by id, by name and by an unambiguous beginning", async () => {
    const { journal, wait } = await openJournal();
    await journal.createRun({ ...newRun("etl-20260101-aa"), name: "nightly" });
    wait(1);
    await journal.createRun({ ...newRun("etl-20260102-bb"), name: "nightly" });
    const found = await Promise.all(
      ["etl-20260101-aa", "nightly", "etl-20260101", "etl-", "", "x"].map((id) => journal.findRun(id)),
    );
    expect(found.map((run) => run?.id)).toEqual([
      "etl-20260101-aa",
      "etl-20260102-bb",
      "etl-20260101-aa",
      undefined,
      undefined,
      undefined,
    ]);
    expect((await journal.listRuns({ pipeline: "etl", limit: 1 })).map(({ id }) => id)).toEqual(["etl-20260102-bb"]);
    expect(await journal.listRuns({ pipeline: "none" })).toEqual([]);
  });

  it("takes many thousands of metrics and lines in one go, and keeps the newest of each fact", async () => {
    const { journal } = await openJournal();
    const lease = await journal.createRun(newRun("r1"));
    const metrics = Array.from({ length: 25_000 }, (_, i) => ({
      invocationId: "train-1",
      name: "loss",
      value: 1 / (i + 1),
      atStep: i,
      atMs: i,
    }));
    const line = {
      invocationId: "train-1",
      attempt: 1,
      level: "info" as const,
      message: "it's",
      fields: { a: null },
      atMs: 1,
    };
    const fact = (value: number) => ({ invocationId: "train-1", key: "rows", value });
    await lease.append({ metrics, logs: [line], metadata: [fact(1), fact(2)] });
    const read = await journal.listMetrics("r1", { name: "loss" });
    expect([read.length, read.at(-1)]).toEqual([25_000, metrics.at(-1)]);
    expect(await journal.listLogs("r1", { invocationId: "train-1" })).toEqual([line]);
    expect(await journal.listLogs("r1", { invocationId: "other" })).toEqual([]);
    expect(await journal.listMetadata("r1")).toEqual([fact(2)]);
  });

  it("commits writes that wait together in one group, and a failing one alone", async () => {
    const { journal } = await openJournal();
    const lease = await journal.createRun(newRun("r1"));
    const starts = [
      lease.startAttempt(entry("a")),
      lease.finishAttempt(completed("nowhere", 1, "x")),
      journal.createRun(newRun("r1")),
      lease.startAttempt(entry("b")),
    ];
    const settled = await Promise.allSettled(starts);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect((await journal.listInvocations("r1")).map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
