/** The law of a journal's queue: who gets which run, what is said to runs, and who may still write an attempt. */

import { describe, expect, it } from "vitest";
import { completed, entry, journalOn, newRun, type OpenDatabase } from "./journal-fixture.ts";

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
