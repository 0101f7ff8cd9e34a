/** The law of a journal's queue: who gets which run, what is said to runs, and who may still write an attempt. */

import { describe, expect, it } from "vitest";
import { completed, draft, entry, journalOn, newRun, type OpenDatabase } from "./journal-fixture.ts";

/** What the queue must do, over whichever database. */
export function describeRunQueue(name: string, open: OpenDatabase): void {
  const openJournal = () => journalOn(open);
  describe(`the queue of runs on ${name}`, () => {
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

    it("counts the processes that a run ended in a row, and not how often it has waited", async () => {
      const { journal, machine } = await openJournal();
      const filter = { queues: ["default"], maxTakes: 2 };
      await journal.queue.enqueue({ ...newRun("r1"), detached: true });
      for (let i = 0; i < 3; i++) {
        await (await journal.queue.claim(filter))?.lease.suspend({ wakeAtMs: 0, signalCount: 0 });
      }
      await journal.queue.claim(filter);
      machine.die();
      expect((await journal.queue.claim(filter))?.run.id).toBe("r1");
      machine.die();
      expect(await journal.queue.claim(filter)).toBeUndefined();
      expect(await journal.queue.requeue("r1")).toMatchObject({ state: "queued", error: null, finishedAtMs: null });
      await journal.queue.claim(filter);
      machine.die();
      expect((await journal.queue.claim(filter))?.run.id).toBe("r1");
    });

    it("hears a cancelling at whatever moment: in a suspended run, from a process that died, while it is claimed", async () => {
      const { journal, other, machine } = await openJournal();
      const filter = { queues: ["default"], maxTakes: 9 };
      const own = await journal.createRun(newRun("own"));
      await journal.queue.requestCancel("own");
      await own.suspend({ wakeAtMs: 5, signalCount: 0 });
      expect(await journal.findRun("own")).toMatchObject({ state: "cancelled", finishedAtMs: 1_000, wakeAtMs: null });
      await journal.queue.enqueue({ ...newRun("died"), detached: true });
      const claimed = await journal.queue.claim(filter);
      await claimed?.lease.startAttempt(entry("crawl-1"), "inline");
      await journal.queue.requestCancel("died");
      machine.die();
      expect(await journal.queue.claim(filter)).toBeUndefined();
      expect((await journal.findRun("died"))?.state).toBe("cancelled");
      expect((await journal.listInvocations("died"))[0]).toMatchObject({
        state: "cancelled",
        attempts: [{ state: "failed", error: { code: "interrupted" } }],
      });
      for (let i = 0; i < 10; i++) {
        await journal.queue.enqueue(newRun(`r${i}`));
        await Promise.all([journal.queue.claim(filter), other.queue.requestCancel(`r${i}`)]);
        const run = await journal.findRun(`r${i}`);
        expect(run?.state === "cancelled" || run?.cancelRequested).toBe(true);
      }
    });

    it("finds what can go on behind any number of runs that others have", async () => {
      const { journal, other } = await openJournal();
      const filter = { queues: ["default"], maxTakes: 9 };
      for (let i = 0; i < 40; i++) await journal.queue.enqueue({ ...newRun(`r${i}`), detached: true });
      const claimAll = async (from: typeof journal): Promise<number> => {
        for (let count = 0; ; count++) if ((await from.queue.claim(filter)) === undefined) return count;
      };
      const counts = await Promise.all([claimAll(journal), claimAll(other)]);
      expect(counts.reduce((sum, count) => sum + count)).toBe(40);
      await journal.queue.enqueue(newRun("last"));
      expect((await journal.queue.claim(filter))?.run.id).toBe("last");
    });

    it("gives an attempt that two processes want at once to both, one after the other", async () => {
      const { journal, other } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      for (let i = 0; i < 10; i++) {
        await lease.enter(entry(`crawl-${i}`));
        const place = { runId: "r1", invocationId: `crawl-${i}`, executor: "cpu" };
        await journal.takeAttempt(place);
        const attempts = await Promise.all([journal.takeAttempt(place), other.takeAttempt(place)]);
        expect(attempts.map(({ number }) => number).sort()).toEqual([2, 3]);
        const finished = await Promise.allSettled(attempts.map((attempt) => attempt.finish(completed("x"))));
        expect(finished.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      }
    });

    it("ends the attempt of another process when the run's own begins the next, and when it settles the invocation", async () => {
      const { journal, other } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      const takeElsewhere = async (invocationId: string) => {
        await lease.enter(entry(invocationId));
        return other.takeAttempt({ runId: "r1", invocationId, executor: "cpu" });
      };
      const lost = await takeElsewhere("crawl-1");
      const own = await lease.startAttempt(entry("crawl-1"), "inline");
      expect([lost.number, own.number]).toEqual([1, 2]);
      await expect(lost.append({ logs: [], metrics: [], metadata: [] })).rejects.toMatchObject({
        code: "attempt-lost",
      });
      await own.finish(completed("own"));
      const unneeded = await takeElsewhere("crawl-2");
      await lease.settle(entry("crawl-2"), { state: "completed", artifacts: [draft("settled")] });
      await expect(unneeded.finish(completed("late"))).rejects.toMatchObject({ code: "attempt-lost" });
      const invocations = await journal.listInvocations("r1");
      expect(invocations.map(({ outputs }) => outputs.map(({ preview }) => preview))).toEqual([["own"], ["settled"]]);
    });

    it("leaves the attempt of a process that lives to it when the run is taken over", async () => {
      const { journal, remote, machine } = await openJournal();
      const lease = await journal.createRun(newRun("r1"));
      await lease.enter(entry("crawl-1"));
      await lease.startAttempt(entry("crawl-2"), "inline");
      const attempt = await remote.takeAttempt({ runId: "r1", invocationId: "crawl-1", executor: "cpu" });
      machine.die();
      await journal.takeRun("r1");
      await attempt.finish(completed("done elsewhere"));
      expect(await journal.listInvocations("r1")).toMatchObject([
        { state: "completed", outputs: [{ preview: "done elsewhere" }] },
        { state: "cancelled", attempts: [{ state: "failed", error: { code: "interrupted" } }] },
      ]);
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
  });
}
