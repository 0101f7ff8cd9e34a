import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RunJournal } from "../../src/contracts/run-journal.ts";
import {
  approval,
  createWorker,
  event,
  pipeline,
  queueRun,
  rerunPipeline,
  resumeRun,
  runPipeline,
  signalName,
  sleep,
  step,
} from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

let trainedCount = 0;
const train = step({
  name: "train",
  output: z.number(),
  cache: false,
  run() {
    trainedCount++;
    return 0.9;
  },
});
const promote = step({
  name: "promote",
  input: z.object({ score: z.number() }),
  output: z.string(),
  cache: false,
  run: ({ score }) => `promoted at ${score}`,
});
const gated = pipeline({
  name: "gated",
  async run() {
    const score = train();
    if (await approval("promote?", { after: [score] })) return { promoted: promote({ score }) };
    return { score };
  },
});

const answer = (runs: RunJournal, runId: string, value: boolean): Promise<void> =>
  runs.queue.signal({ runId, name: signalName("approval", "promote?"), value, by: "a test" });

describe("a run that waits for a person", () => {
  it("gives its process up, says what it asks, and goes on with the answer without doing anything twice", async () => {
    const workspace = await openJournalWorkspace();
    trainedCount = 0;
    const { id, result } = await runPipeline(gated, {}, { workspace });
    await expect(result).rejects.toMatchObject({ code: "run-waiting", waitsFor: ['approval "promote?"'] });
    expect((await workspace.runs.findRun(id))?.state).toBe("waiting");
    const [waiting] = (await workspace.runs.listInvocations(id)).filter(({ kind }) => kind === "approval");
    expect(waiting).toMatchObject({ state: "waiting", wait: { question: "promote?" } });
    await answer(workspace.runs, id, true);
    expect((await workspace.runs.findRun(id))?.state).toBe("queued");
    const resumed = await resumeRun(gated, id, { workspace });
    expect(await resumed.result).toEqual({ promoted: "promoted at 0.9" });
    expect(trainedCount).toBe(1);
    const kept = await workspace.runs.artifacts.find("approval");
    expect(kept).toMatchObject({ preview: true, producer: { runId: id } });
  });

  it("takes the other way when the answer is no", async () => {
    const workspace = await openJournalWorkspace();
    const { id, result } = await runPipeline(gated, {}, { workspace });
    await expect(result).rejects.toMatchObject({ code: "run-waiting" });
    await answer(workspace.runs, id, false);
    expect(await (await resumeRun(gated, id, { workspace })).result).toEqual({ score: 0.9 });
  });

  it("is gone on with by a worker as soon as it is answered", async () => {
    const workspace = await openJournalWorkspace();
    const run = await queueRun(gated, {}, { workspace });
    expect(run.state).toBe("queued");
    const worker = createWorker({ workspace, queues: ["default"], findPipeline: async () => gated, pollMs: 5 });
    await worker.run({ signal: new AbortController().signal, untilEmpty: true });
    expect((await workspace.runs.findRun(run.id))?.state).toBe("waiting");
    await answer(workspace.runs, run.id, true);
    await worker.run({ signal: new AbortController().signal, untilEmpty: true });
    expect((await workspace.runs.findRun(run.id))?.state).toBe("completed");
  });

  it("does not give its process up while a step runs, and takes an answer that comes meanwhile", async () => {
    const workspace = await openJournalWorkspace();
    const slow = step({
      name: "slow",
      output: z.string(),
      cache: false,
      async run(_, { clock, signal }) {
        await clock.sleep(700, signal);
        return "done";
      },
    });
    const both = pipeline({
      name: "both",
      async run() {
        const work = slow();
        const ok = await approval("promote?");
        return ok ? { work } : {};
      },
    });
    const { id, result } = await runPipeline(both, {}, { workspace, heartbeatMs: 20 });
    await answer(workspace.runs, id, true);
    expect(await result).toEqual({ work: "done" });
  });
});

it("asks nobody twice when an answered run is done again from a later step", async () => {
  const workspace = await openJournalWorkspace();
  const { id, result } = await runPipeline(gated, {}, { workspace });
  await expect(result).rejects.toMatchObject({ code: "run-waiting" });
  await answer(workspace.runs, id, true);
  await (await resumeRun(gated, id, { workspace })).result;
  const again = await rerunPipeline(gated, { runId: id, from: "promote" }, { workspace });
  expect(await again.result).toEqual({ promoted: "promoted at 0.9" });
});

describe("a run that waits for an event", () => {
  const Review = z.object({ score: z.number() });
  const reviewed = pipeline({
    name: "reviewed",
    run: () => ({ first: event("review", { schema: Review }), second: event("review", { schema: Review }) }),
  });
  const send = (runs: RunJournal, runId: string, score: unknown): Promise<void> =>
    runs.queue.signal({ runId, name: signalName("event", "review"), value: { score } as never, by: "a test" });

  it("takes what was sent before it asked, in order", async () => {
    const workspace = await openJournalWorkspace();
    const { id } = await queueRun(reviewed, {}, { workspace });
    await send(workspace.runs, id, 1);
    await send(workspace.runs, id, 2);
    const { result } = await resumeRun(reviewed, id, { workspace });
    await expect(result).resolves.toEqual({ first: { score: 1 }, second: { score: 2 } });
  });

  it("fails the wait for a value that does not fit", async () => {
    const workspace = await openJournalWorkspace();
    const { id } = await queueRun(reviewed, {}, { workspace });
    await send(workspace.runs, id, "high");
    await send(workspace.runs, id, 2);
    const { result } = await resumeRun(reviewed, id, { workspace });
    await expect(result).rejects.toThrow(/event_review.*score.*expected number/);
  });
});

describe("a run that sleeps", () => {
  it("sleeps here for a moment, and lets its process go for longer, until the same end whenever it is resumed", async () => {
    let nowMs = 1_000_000;
    const clock = {
      now: () => nowMs,
      async sleep(ms: number) {
        nowMs += ms;
      },
    };
    const workspace = await openJournalWorkspace({ clock });
    const naps = pipeline({
      name: "naps",
      async run() {
        await sleep(50);
        const long = sleep(3_600_000);
        return { trained: train({}, { after: [long] }) };
      },
    });
    const { id, result } = await runPipeline(naps, {}, { workspace });
    await expect(result).rejects.toMatchObject({ code: "run-waiting", waitsFor: ["sleep"] });
    const waiting = await workspace.runs.findRun(id);
    expect(waiting).toMatchObject({ state: "waiting", wakeAtMs: 1_000_050 + 3_600_000 });
    expect(await workspace.runs.queue.claim({ queues: ["default"], maxTakes: 9 })).toBeUndefined();
    nowMs += 3_000_000;
    await expect((await resumeRun(naps, id, { workspace })).result).rejects.toMatchObject({ code: "run-waiting" });
    expect((await workspace.runs.findRun(id))?.wakeAtMs).toBe(1_000_050 + 3_600_000);
    nowMs += 600_000;
    const worker = createWorker({ workspace, queues: ["default"], findPipeline: async () => naps });
    await worker.run({ signal: new AbortController().signal, untilEmpty: true });
    expect((await workspace.runs.findRun(id))?.state).toBe("completed");
  });

  it("refuses a time that is none", async () => {
    const workspace = await openJournalWorkspace();
    const wrong = pipeline({ name: "wrong", run: () => ({ nap: sleep(Number.NaN) }) });
    await expect((await runPipeline(wrong, {}, { workspace })).result).rejects.toThrow(/sleep\(\) was given NaN/);
  });
});
