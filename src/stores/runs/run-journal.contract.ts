/** The law of run journals: every database that one stands on must keep it. */

import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { AttemptLease } from "../../contracts/run-journal.ts";
import type { InvocationRecord } from "../../contracts/runs.ts";
import { hashBytes } from "../../core/hash.ts";
import { migrateDatabase } from "../database/index.ts";
import { completed, createMachine, draft, entry, journalOn, newRun, type OpenDatabase } from "./journal-fixture.ts";
import { runMigrations } from "./migrations.ts";
import { createRunJournal } from "./run-journal.ts";

/** What a run journal must do, over whichever database. */
export function describeRunJournal(name: string, open: OpenDatabase): void {
  const openJournal = () => journalOn(open);
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

    it("erases what it keeps of contents, and still knows that they were made", async () => {
      const { journal } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      await (await lease.startAttempt(entry("crawl-1"), "inline")).finish(completed("[1]"));
      await journal.artifacts.erase(["crawl@1", "crawl@9"]);
      expect(await journal.artifacts.readInline("crawl@1")).toBeUndefined();
      expect(await journal.artifacts.find("crawl@1")).toMatchObject({ inline: false, preview: null });
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

    it("registers a version a source, once, whatever came in between and whoever registers at the same time", async () => {
      const { journal, other } = await openJournal();
      const { content: _content, output: _output, ...outside } = draft("from outside");
      const register = (source: string | null, by = journal) => by.artifacts.register({ ...outside, source });
      const ids = [];
      for (const source of ["a", "b", null, "a", "b", null]) ids.push((await register(source)).id);
      expect(ids).toEqual(["crawl@1", "crawl@2", "crawl@3", "crawl@1", "crawl@2", "crawl@3"]);
      const lease = await journal.createRun(newRun("r1"));
      await (await lease.startAttempt(entry("crawl-1"), "inline")).finish(completed("from outside"));
      expect((await register("b")).id).toBe("crawl@2"); // the same content as what a step has made
      const twice = await Promise.all([register("c"), register("c", other), register("c"), register("c", other)]);
      expect(new Set(twice.map(({ id }) => id)).size).toBe(1);
      expect((await journal.artifacts.listUnused()).map(({ version }) => version)).toEqual([1, 2, 3, 5]);
    });

    it("replaces the outputs of an invocation that is done anew, whatever it was before", async () => {
      const { journal } = await openJournal();
      const first = await journal.createRun(newRun("r1"));
      await (await first.startAttempt(entry("crawl-1"), "inline")).finish(completed("old"));
      const [from] = await journal.findCached("key");
      const lease = await journal.createRun(newRun("r2"));
      await lease.settle(entry("crawl-1"), { state: "cached", from: from as InvocationRecord }); // r1 has completed it
      const outputs = async () => (await journal.listInvocations("r2"))[0]?.outputs.map(({ preview }) => preview);
      expect(await outputs()).toEqual(["old"]);
      const attempt = await lease.startAttempt(entry("crawl-1"), "inline");
      expect([attempt.number, await outputs()]).toEqual([1, []]);
      await attempt.finish(completed("new"));
      expect(await outputs()).toEqual(["new"]);
    });

    it("finds what a step did earlier in other runs, and what its code was made of", async () => {
      const { journal, wait } = await openJournal();
      const parts = { code: "c", inputs: {}, outputs: {}, ports: {}, files: {}, node: "24", protocol: "1" };
      for (const id of ["r1", "r2", "r3"]) {
        const lease = await journal.createRun(newRun(id));
        const known = entry("crawl-1", { keyParts: { ...parts, node: id } });
        await (await lease.startAttempt(known, "inline")).finish(completed(id));
        await Promise.all([lease.saveCode("c", { "crawl.ts": "1" }), lease.saveCode("c", { "crawl.ts": "1" })]);
        wait(1);
      }
      const earlier = await journal.findEarlier("crawl", "r3");
      expect(earlier.map(({ runId, keyParts, outputs }) => [runId, keyParts?.node, outputs[0]?.preview])).toEqual([
        ["r2", "r2", "r2"],
        ["r1", "r1", "r1"],
      ]);
      expect(await journal.findCode("c")).toEqual({ "crawl.ts": "1" });
      expect(await journal.findCode("d")).toBeUndefined();
    });

    it("keeps outputs of the same names apart that two processes write in different orders", async () => {
      const { journal, other } = await openJournal();
      const writers = [journal, other].map(async (writer, i) => {
        const lease = await writer.createRun(newRun(`r${i}`));
        for (let round = 0; round < 10; round++) {
          const names = i === 0 ? ["x", "y", "z"] : ["z", "y", "x"];
          const artifacts = names.map((name) => ({ ...draft(`${i}`), name, output: name }));
          const attempt = await lease.startAttempt(entry(`crawl-${round}`), "inline");
          const records = await attempt.finish({ state: "completed", final: true, error: null, artifacts });
          expect(records.map(({ name }) => name)).toEqual(names);
        }
      });
      await Promise.all(writers);
      for (const name of ["x", "y", "z"]) {
        const versions = (await journal.artifacts.list({ name })).map(({ version }) => version);
        expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      }
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
