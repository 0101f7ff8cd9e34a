/** The law of run journals: every database that one stands on must keep it. */

import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Database } from "../../contracts/database.ts";
import type { AttemptEnd, AttemptLease, InvocationEntry, RunJournal } from "../../contracts/run-journal.ts";
import { hashBytes } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { migrateDatabase } from "../database/index.ts";
import type { Liveness } from "./liveness.ts";
import { runMigrations } from "./migrations.ts";
import { createRunJournal } from "./run-journal.ts";

/** A machine on which the first process dies when it is told to. */
function createMachine(): Liveness & { die(): void } {
  let pid = 1;
  return {
    self: () => ({ pid, startTime: "1", bootId: "b", host: "h", session: null }),
    alive: async (identities) => identities.map((identity) => identity.pid === pid),
    die: () => void pid++,
  };
}

/** Opens an empty database; each test has its own. */
export type OpenDatabase = () => Promise<Database>;

async function openJournalOn(open: OpenDatabase): Promise<{
  journal: RunJournal;
  machine: ReturnType<typeof createMachine>;
  wait(ms: number): void;
}> {
  const database = await open();
  await migrateDatabase(database, runMigrations);
  let nowMs = 1_000;
  const machine = createMachine();
  const clock = { now: () => nowMs, sleep: async () => undefined };
  return {
    journal: createRunJournal(database, { clock, random: createRandom(1), liveness: machine }),
    machine,
    wait: (ms) => {
      nowMs += ms;
    },
  };
}

const newRun = (id: string) => ({ id, name: id, pipeline: "etl", parameters: { limit: 1 }, config: {} });
const entry = (id: string, over: Partial<InvocationEntry> = {}): InvocationEntry => ({
  id,
  kind: "step",
  parentId: null,
  step: "crawl",
  displayName: "crawl",
  after: [],
  inputs: [],
  codeDigest: "code",
  cacheKey: "key",
  keyParts: null,
  tags: [],
  wait: null,
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
const completed = (text: string): AttemptEnd => ({
  state: "completed",
  final: true,
  error: null,
  artifacts: [draft(text)],
});

/** What a run journal must do, over whichever database. */
export function describeRunJournal(name: string, open: OpenDatabase): void {
  const openJournal = () => openJournalOn(open);
  describe(`the run journal on ${name}`, () => {
    it("gives an invocation back with its attempts, its outputs and who reads them", async () => {
      const { journal, wait } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      const attempt = await lease.startAttempt(entry("crawl-1"), "inline");
      expect(attempt.number).toBe(1);
      wait(5);
      const [record] = await attempt.finish(completed("[1]"));
      expect(record).toMatchObject({
        id: "crawl@1",
        version: 1,
        inline: true,
        producer: { runId: "r1", invocationId: "crawl-1" },
      });
      const inputs = [{ path: "from", hash: hashBytes("[1]"), artifactId: "crawl@1" }];
      await lease.startAttempt(entry("clean-1", { step: "clean", inputs, after: ["crawl-1"] }), "inline");
      const [first, second] = await journal.listInvocations("r1");
      expect(first).toMatchObject({
        state: "completed",
        startedAtMs: 1_000,
        finishedAtMs: 1_005,
        attempts: [
          { number: 1, executor: "inline", state: "completed", startedAtMs: 1_000, finishedAtMs: 1_005, error: null },
        ],
        outputs: [{ id: "crawl@1", output: "output", consumers: [{ runId: "r1", invocationId: "clean-1" }] }],
      });
      expect(second).toMatchObject({ id: "clean-1", state: "running", inputs, after: ["crawl-1"], finishedAtMs: null });
      expect(Buffer.from((await journal.artifacts.readInline("crawl@1")) ?? []).toString()).toBe("[1]");
    });

    it("numbers versions of an artifact across runs, and finds the newest by name", async () => {
      const { journal, wait } = await openJournal();
      for (const id of ["r1", "r2"]) {
        const lease = await journal.createRun(newRun(id));
        await (await lease.startAttempt(entry("crawl-1"), "inline")).finish(completed(id));
        wait(10);
      }
      expect((await journal.artifacts.list({ name: "crawl" })).map(({ id }) => id)).toEqual(["crawl@2", "crawl@1"]);
      expect((await journal.artifacts.list({ runId: "r1" })).map(({ id }) => id)).toEqual(["crawl@1"]);
      expect((await journal.artifacts.find("crawl"))?.id).toBe("crawl@2");
      expect((await journal.artifacts.find("crawl@1"))?.preview).toBe("r1");
      expect(await journal.artifacts.find("crawl@3")).toBeUndefined();
    });

    it("finds completed invocations by cache key, newest first, and none that finished too early", async () => {
      const { journal, wait } = await openJournal();
      for (const id of ["r1", "r2"]) {
        const lease = await journal.createRun(newRun(id));
        await (await lease.startAttempt(entry("crawl-1"), "inline")).finish(completed(id));
        wait(10);
      }
      const failing = await journal.createRun(newRun("r3"));
      await failing.startAttempt(entry("crawl-1"), "inline");
      expect((await journal.findCached("key")).map(({ runId }) => runId)).toEqual(["r2", "r1"]);
      expect((await journal.findCached("key", 1_010)).map(({ runId }) => runId)).toEqual(["r2"]);
      expect(await journal.findCached("other")).toEqual([]);
    });

    it("keeps an invocation running between attempts, and counts them across resumes", async () => {
      const { journal, machine } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      const first = await lease.startAttempt(entry("crawl-1"), "inline");
      const error = { name: "Error", code: null, message: "no", stack: null };
      await first.finish({ state: "failed", final: false, error, artifacts: [] });
      expect((await journal.listInvocations("r1"))[0]).toMatchObject({ state: "running", error: null });
      const second = await lease.startAttempt(entry("crawl-1"), "inline");
      expect(second.number).toBe(2);
      machine.die();
      const taken = await journal.takeRun("r1");
      const [interrupted] = await journal.listInvocations("r1");
      expect(interrupted?.attempts.map(({ error: why }) => why?.code ?? why?.message)).toEqual(["no", "interrupted"]);
      expect((await taken.startAttempt(entry("crawl-1"), "inline")).number).toBe(3);
      await expect(second.finish(completed("late"))).rejects.toMatchObject({ code: "attempt-lost" });
      expect((await journal.listInvocations("r1"))[0]?.outputs).toEqual([]);
    });

    it("shows a run whose process is gone as interrupted, and gives it to one process only", async () => {
      const { journal, machine } = await openJournal();
      const lost = await journal.createRun(newRun("r1"));
      await expect(journal.takeRun("r1")).rejects.toMatchObject({ code: "run-alive", pid: 1 });
      machine.die();
      expect((await journal.findRun("r1"))?.state).toBe("interrupted");
      const taken = await Promise.allSettled([journal.takeRun("r1"), journal.takeRun("r1")]);
      expect(taken.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      await expect(lost.startAttempt(entry("crawl-1"), "inline")).rejects.toMatchObject({ code: "run-lease-lost" });
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
      const read = await journal.observations.listMetrics("r1", { name: "loss" });
      expect([read.length, read.at(-1)]).toEqual([25_000, metrics.at(-1)]);
      expect(await journal.observations.listLogs("r1", { invocationId: "train-1" })).toEqual([line]);
      expect(await journal.observations.listLogs("r1", { invocationId: "other" })).toEqual([]);
      expect(await journal.observations.listMetadata("r1")).toEqual([fact(2)]);
    });

    it("commits writes that wait together in one group, and a failing one alone", async () => {
      const { journal } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      const stale = await lease.startAttempt(entry("stale"), "inline");
      await stale.finish(completed("x"));
      const starts: Promise<AttemptLease | unknown>[] = [
        lease.startAttempt(entry("a"), "inline"),
        stale.finish(completed("y")),
        journal.createRun(newRun("r1")),
        lease.startAttempt(entry("b"), "inline"),
      ];
      const settled = await Promise.allSettled(starts);
      expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
      expect((await journal.listInvocations("r1")).map(({ id }) => id)).toEqual(["stale", "a", "b"]);
    });

    it("gives a queued run to one of two claimers, the oldest first, and only of their queues", async () => {
      const { journal, wait } = await openJournal();
      for (const [id, queue] of [
        ["g1", "gpu"],
        ["r1", "default"],
        ["r2", "default"],
      ] as const) {
        await journal.queue.enqueue({ ...newRun(id), queue, detached: true });
        wait(1);
      }
      const filter = { queues: ["default"], maxTakes: 3 };
      const claims = await Promise.all([1, 2, 3].map(() => journal.queue.claim(filter)));
      expect(claims.map((claim) => claim?.run.id).sort()).toEqual(["r1", "r2", undefined]);
      expect((await journal.queue.claim({ ...filter, queues: ["cpu", "gpu"] }))?.run.id).toBe("g1");
      expect((await journal.listRuns({ states: ["running"] })).length).toBe(3);
    });

    it("queues a request once, also when it comes twice at the same moment", async () => {
      const { journal } = await openJournal();
      const requests = ["r1", "r2"].map((id) => journal.queue.enqueue({ ...newRun(id), requestKey: "nightly" }));
      const ids = (await Promise.all(requests)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(1);
      expect((await journal.listRuns()).length).toBe(1);
    });

    it("gives a detached run of a dead process to a worker, until it has ended too many of them", async () => {
      const { journal, machine } = await openJournal();
      await journal.queue.enqueue({ ...newRun("r1"), detached: true });
      const filter = { queues: ["default"], maxTakes: 2 };
      expect((await journal.queue.claim(filter))?.run.id).toBe("r1");
      expect(await journal.queue.claim(filter)).toBeUndefined();
      machine.die();
      expect((await journal.queue.claim(filter))?.run.id).toBe("r1");
      machine.die();
      expect(await journal.queue.claim(filter)).toBeUndefined();
      expect(await journal.findRun("r1")).toMatchObject({ state: "failed", error: { code: "run-given-up" } });
    });

    it("queues a waiting run when it is told something, wakes it at its time, and sleeps through nothing", async () => {
      const { journal, wait } = await openJournal();
      const filter = { queues: ["default"], maxTakes: 9 };
      const lease = await journal.createRun(newRun("r1"));
      await lease.enter(entry("approval-1", { kind: "approval", wait: { question: "ok?", dueAtMs: null } }));
      await lease.suspend({ wakeAtMs: null, signalCount: 0 });
      expect((await journal.findRun("r1"))?.state).toBe("waiting");
      expect(await journal.queue.claim(filter)).toBeUndefined();
      await journal.queue.signal({ runId: "r1", name: "approval:ok?", value: true, by: "me" });
      const woken = await journal.queue.claim(filter);
      expect(await journal.queue.listSignals("r1")).toMatchObject([{ name: "approval:ok?", value: true, by: "me" }]);
      await woken?.lease.suspend({ wakeAtMs: 2_000, signalCount: 0 });
      expect((await journal.findRun("r1"))?.state).toBe("queued"); // one signal had not been heard
      await (await journal.queue.claim(filter))?.lease.suspend({ wakeAtMs: 2_000, signalCount: 1 });
      expect(await journal.queue.claim(filter)).toBeUndefined();
      wait(1_000);
      expect((await journal.queue.claim(filter))?.run.id).toBe("r1");
    });

    it("ends a run without a process when it is cancelled, and tells the process of any other", async () => {
      const { journal, machine } = await openJournal();
      await journal.queue.enqueue(newRun("queued"));
      expect((await journal.queue.requestCancel("queued")).state).toBe("cancelled");
      await expect(journal.queue.requestCancel("queued")).rejects.toMatchObject({ code: "run-state" });
      const lease = await journal.createRun(newRun("running"));
      await journal.queue.requestCancel("running");
      expect(await lease.beat()).toEqual({ cancelRequested: true, signalCount: 0 });
      machine.die();
      expect((await journal.queue.requestCancel("running")).state).toBe("cancelled");
    });

    it("lets another process take an attempt over, and refuses what the first one writes then", async () => {
      const { journal } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      await lease.enter(entry("crawl-1"));
      const place = { runId: "r1", invocationId: "crawl-1", executor: "cpu" };
      const first = await journal.takeAttempt(place);
      const second = await journal.takeAttempt(place);
      expect([first.number, second.number]).toEqual([1, 2]);
      await expect(first.finish(completed("stale"))).rejects.toMatchObject({ code: "attempt-lost" });
      await second.finish(completed("fresh"));
      const [invocation] = await journal.listInvocations("r1");
      expect(invocation).toMatchObject({ state: "completed", outputs: [{ preview: "fresh" }] });
      expect(invocation?.attempts.map(({ state, executor }) => [state, executor])).toEqual([
        ["failed", "cpu"],
        ["completed", "cpu"],
      ]);
    });

    it("does not enter anew what another process has completed a moment ago, unless it is told to", async () => {
      const { journal } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      await lease.enter(entry("crawl-1"));
      await (await journal.takeAttempt({ runId: "r1", invocationId: "crawl-1", executor: "cpu" })).finish(
        completed("x"),
      );
      await lease.enter(entry("crawl-1"));
      expect((await journal.listInvocations("r1"))[0]).toMatchObject({
        state: "completed",
        outputs: [{ preview: "x" }],
      });
      await expect(
        journal.takeAttempt({ runId: "r1", invocationId: "crawl-1", executor: "cpu" }),
      ).rejects.toMatchObject({
        code: "attempt-lost",
      });
      await lease.enter(entry("crawl-1"), { anew: true });
      expect((await journal.listInvocations("r1"))[0]?.state).toBe("running");
    });

    it("registers what comes from outside once, and removes only what no run that is there has used", async () => {
      const { journal } = await openJournal();
      const { content: _content, output: _output, ...outside } = draft("from outside");
      const registered = await journal.artifacts.register({ ...outside, name: "corpus", source: "file:corpus.csv" });
      expect(registered).toMatchObject({ id: "corpus@1", producer: null, source: "file:corpus.csv" });
      expect((await journal.artifacts.register({ ...outside, name: "corpus", source: "file:corpus.csv" })).id).toBe(
        "corpus@1",
      );
      const lease = await journal.createRun(newRun("r1"));
      await (await lease.startAttempt(entry("crawl-1"), "inline")).finish(completed("[1]"));
      expect((await journal.artifacts.listUnused()).map(({ id }) => id)).toEqual(["corpus@1"]);
      await expect(journal.artifacts.remove(["corpus@1", "crawl@1"])).rejects.toMatchObject({
        code: "artifact-in-use",
      });
      await expect(journal.deleteRun("r1")).rejects.toMatchObject({ code: "run-state" });
      await lease.finish({ state: "completed", error: null, outputs: {} });
      await journal.deleteRun("r1");
      await journal.artifacts.remove(["corpus@1", "crawl@1"]);
      expect(await journal.artifacts.list()).toEqual([]);
      expect(await journal.listInvocations("r1")).toEqual([]);
    });

    it("brings a journal of the first release forward with all that it has", async () => {
      const database = await open();
      await migrateDatabase(database, runMigrations.slice(0, 1));
      for (const statement of FIRST_RELEASE) await sql.raw(statement).execute(database);
      await migrateDatabase(database, runMigrations);
      const journal = createRunJournal(database, { liveness: createMachine() });
      expect(await journal.findRun("old")).toMatchObject({
        state: "failed",
        startedAtMs: 5,
        queuedAtMs: 5,
        tags: [],
        queue: "default",
      });
      expect(await journal.listInvocations("old")).toMatchObject([
        {
          id: "crawl-1",
          kind: "step",
          parentId: null,
          attempts: [{ executor: "inline" }],
          outputs: [{ id: "crawl@7" }],
        },
      ]);
      const lease = await journal.takeRun("old");
      const [record] = await (await lease.startAttempt(entry("crawl-2"), "inline")).finish(completed("new"));
      expect(record?.id).toBe("crawl@8");
    });
  });
}

/** Rows as the first release wrote them. */
const FIRST_RELEASE = [
  `insert into run values ('old', 'old', 'etl', '{}', '{}', 'failed', null, '{}', '{"pid":1,"startTime":"1","bootId":"b"}', 't', 5, 9, 9)`,
  `insert into invocation values ('old', 'crawl-1', 1, 'crawl', 'crawl', 'completed', '[]', '[]', 'c', 'k', null, null, null, 5, 6)`,
  `insert into attempt values ('old', 'crawl-1', 1, 'completed', null, 5, 6)`,
  `insert into artifact values ('crawl@7', 'crawl', 7, 'old', 'crawl-1', 'output', 'sha256:1', 1, 'json', 's', '1', null, 6)`,
  `insert into invocation_output values ('old', 'crawl-1', 'output', 'crawl@7')`,
];
