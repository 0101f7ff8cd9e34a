import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Clock } from "../../src/core/clock.ts";
import { TrilithError } from "../../src/core/errors.ts";
import { pipeline, type RunEvent, runPipeline, step } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

/** A clock on which sleeping takes no time, and says how long it would have been. */
function skippingClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => 0,
    async sleep(ms) {
      slept.push(ms);
    },
  };
}

class TemporaryError extends TrilithError {
  override readonly code = "temporary";
  override readonly retryable = true;
}
class FinalError extends TrilithError {
  override readonly code = "final";
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const states = async (workspace: Awaited<ReturnType<typeof openJournalWorkspace>>, runId: string) =>
  Object.fromEntries(
    (await workspace.runs.listInvocations(runId)).map(({ displayName, state }) => [displayName, state]),
  );

const read = z.object({ from: z.unknown().optional() });
const fail = step({
  name: "fail",
  input: read,
  output: z.number(),
  cache: false,
  run: (): number => {
    throw new FinalError("it broke");
  },
});
const work = step({ name: "work", input: read, output: z.number(), cache: false, run: () => 1 });

describe("a failing step", () => {
  it("fails the run, skips what depends on it, and lets the rest finish", async () => {
    const workspace = await openJournalWorkspace();
    const failing = pipeline({
      name: "failing",
      run() {
        const broken = fail({});
        return { after: work({ from: broken }), other: work({}) };
      },
    });
    const { id, result } = await runPipeline(failing, {}, { workspace });
    await expect(result).rejects.toMatchObject({
      code: "run-failed",
      failures: [{ code: "step-failed", runId: id, step: "fail", attempt: 1, cause: { code: "final" } }],
    });
    expect(await states(workspace, id)).toEqual({ fail: "failed", work: "skipped", work_2: "completed" });
    const run = await workspace.runs.findRun(id);
    expect([run?.state, run?.error?.code]).toEqual(["failed", "run-failed"]);
    const [failed] = (await workspace.runs.listInvocations(id)).filter(({ state }) => state === "failed");
    expect(failed?.attempts).toMatchObject([
      { number: 1, state: "failed", error: { code: "final", message: "it broke" } },
    ]);
  });

  it("does not fail the run when the pipeline awaits and catches it", async () => {
    const workspace = await openJournalWorkspace();
    const catching = pipeline({
      name: "catching",
      async run() {
        const first = await fail({}).then(
          () => "worked",
          () => "failed",
        );
        return { used: work({ from: first }) };
      },
    });
    const { result } = await runPipeline(catching, {}, { workspace });
    expect(await result).toEqual({ used: 1 });
  });

  it("fails the run with the pipeline's own error, once everything that was called has ended", async () => {
    const workspace = await openJournalWorkspace();
    const throwing = pipeline({
      name: "throwing",
      run() {
        work({});
        throw new RangeError("the pipeline broke");
      },
    });
    const { id, result } = await runPipeline(throwing, {}, { workspace });
    await expect(result).rejects.toMatchObject({ code: "run-failed", failures: [{ message: "the pipeline broke" }] });
    expect(await states(workspace, id)).toEqual({ work: "completed" });
  });

  it("fails the run when an output depends on a failure that was caught", async () => {
    const workspace = await openJournalWorkspace();
    const returning = pipeline({
      name: "returning",
      async run() {
        const broken = fail({});
        await broken.then(undefined, () => undefined);
        return { broken };
      },
    });
    await expect((await runPipeline(returning, {}, { workspace })).result).rejects.toMatchObject({
      code: "run-failed",
    });
  });

  it("stops at once in fail_fast, and starts nothing more in stop_on_failure", async () => {
    const wait = step({ name: "wait", output: z.number(), cache: false, run: (_, { signal }) => never(signal) });
    const slow = step({
      name: "slow",
      output: z.number(),
      cache: false,
      run: () => new Promise<number>((resolve) => setTimeout(resolve, 30, 1)),
    });
    const fast = pipeline({
      name: "fast",
      run: () => ({ broken: fail({}), waiting: wait(), next: work({ from: wait() }) }),
    });
    const stop = pipeline({ name: "stop", run: () => ({ broken: fail({}), next: work({ from: slow() }) }) });
    const workspace = await openJournalWorkspace();
    const one = await runPipeline(fast, {}, { workspace, settings: { executionMode: "fail_fast" } });
    await expect(one.result).rejects.toMatchObject({ code: "run-failed" });
    expect(await states(workspace, one.id)).toEqual({
      fail: "failed",
      wait: "cancelled",
      wait_2: "cancelled",
      work: "cancelled",
    });
    const two = await runPipeline(stop, {}, { workspace, settings: { executionMode: "stop_on_failure" } });
    await expect(two.result).rejects.toMatchObject({ code: "run-failed" });
    expect(await states(workspace, two.id)).toEqual({ fail: "failed", slow: "completed", work: "skipped" });
  });
});

describe("a step with retries", () => {
  const flaky = (failures: number, Kind: new (message: string) => Error, maxRetries: number) => {
    let tries = 0;
    return step({
      name: "flaky",
      output: z.number(),
      retry: { maxRetries, delayMs: 100, backoff: 3 },
      run(_, { attempt }) {
        if (++tries <= failures) throw new Kind(`try ${attempt}`);
        return attempt;
      },
    });
  };
  const start = async (flakyStep: ReturnType<typeof flaky>) => {
    const clock = skippingClock();
    const workspace = await openJournalWorkspace({ clock });
    const handle = await runPipeline(
      pipeline({ name: "flaky", run: () => ({ tried: flakyStep() }) }),
      {},
      { workspace },
    );
    return { clock, workspace, ...handle };
  };

  it("tries again after growing delays, and journals every attempt", async () => {
    const { clock, workspace, id, result } = await start(flaky(2, Error, 3));
    expect(await result).toEqual({ tried: 3 });
    expect(clock.slept).toEqual([100, 300]);
    const [invocation] = await workspace.runs.listInvocations(id);
    expect(invocation?.attempts.map(({ state, error }) => [state, error?.message])).toEqual([
      ["failed", "try 1"],
      ["failed", "try 2"],
      ["completed", undefined],
    ]);
  });

  it("gives up after the last retry", async () => {
    const { result } = await start(flaky(9, TemporaryError, 2));
    await expect(result).rejects.toMatchObject({ failures: [{ attempt: 3, cause: { message: "try 3" } }] });
  });

  it("does not try again what its error says is final", async () => {
    const { result } = await start(flaky(9, FinalError, 2));
    await expect(result).rejects.toMatchObject({ failures: [{ attempt: 1, cause: { code: "final" } }] });
  });
});

describe("a step's time limit", () => {
  it("aborts the signal, fails the invocation as timed out, and allows a retry when the code stopped", async () => {
    const workspace = await openJournalWorkspace();
    const seen: unknown[] = [];
    const slow = step({
      name: "slow",
      output: z.number(),
      timeoutMs: 20,
      retry: { maxRetries: 1, delayMs: 1 },
      async run(_, { signal, attempt }) {
        if (attempt === 2) return 2;
        return never(signal).catch((reason) => {
          seen.push(reason);
          throw reason;
        });
      },
    });
    const { id, result } = await runPipeline(
      pipeline({ name: "slow", run: () => ({ made: slow() }) }),
      {},
      { workspace },
    );
    expect(await result).toEqual({ made: 2 });
    expect(seen).toMatchObject([{ code: "step-timeout", timeoutMs: 20 }]);
    const [invocation] = await workspace.runs.listInvocations(id);
    expect(invocation?.attempts[0]?.error?.code).toBe("step-timeout");
  });

  it("does not retry code that ignores its signal, and drops what that code says later", async () => {
    const workspace = await openJournalWorkspace();
    const late = Promise.withResolvers<void>();
    let tries = 0;
    const deaf = step({
      name: "deaf",
      timeoutMs: 10,
      retry: { maxRetries: 3, delayMs: 1 },
      async run(_, { log }) {
        tries++;
        await late.promise;
        log.info("still here");
      },
    });
    const { id, result } = await runPipeline(
      pipeline({ name: "deaf", run: () => ({ made: deaf() }) }),
      {},
      { workspace, graceMs: 10 },
    );
    await expect(result).rejects.toMatchObject({ failures: [{ cause: { code: "step-timeout", retryable: false } }] });
    late.resolve();
    await new Promise(setImmediate);
    expect([tries, await workspace.runs.observations.listLogs(id)]).toEqual([1, []]);
  });
});

describe("cancelling a run", () => {
  const wait = step({ name: "wait", cache: false, run: (_, { signal }) => never(signal) });
  const waiting = pipeline({
    name: "waiting",
    run: () => ({ done: work({}), waited: wait(), next: work({ from: wait() }) }),
  });

  it("gives steps the signal, keeps what has finished and says cancelled", async () => {
    const workspace = await openJournalWorkspace();
    const { id, result, cancel, events } = await runPipeline(waiting, {}, { workspace });
    await untilEvent(events, ({ type }) => type === "step-end");
    await cancel("enough");
    await expect(result).rejects.toMatchObject({
      code: "run-cancelled",
      runId: id,
      message: expect.stringContaining("enough"),
    });
    expect(await states(workspace, id)).toEqual({
      work: "completed",
      wait: "cancelled",
      wait_2: "cancelled",
      work_2: "cancelled",
    });
    expect((await workspace.runs.findRun(id))?.state).toBe("cancelled");
  });

  it("waits for a step that saves for as long as the step asks", async () => {
    const workspace = await openJournalWorkspace();
    const saved: string[] = [];
    const saving = (name: string, stopGraceMs?: number) =>
      step({
        name,
        cache: false,
        ...(stopGraceMs === undefined ? {} : { stopGraceMs }),
        async run(_, { signal, clock, log }) {
          log.info("working");
          await never(signal).catch(() => clock.sleep(120));
          saved.push(name);
          signal.throwIfAborted();
        },
      });
    const [slow, quick] = [saving("slow", 10_000), saving("quick")];
    const both = pipeline({ name: "both", run: () => ({ slow: slow(), quick: quick() }) });
    const { result, cancel, events } = await runPipeline(both, {}, { workspace, graceMs: 10 });
    await untilEvent(events, ({ type }) => type === "step-log");
    await cancel("enough");
    await expect(result).rejects.toMatchObject({ code: "run-cancelled" });
    expect(saved).toContain("slow");
  });

  it("obeys a signal that is handed in, also one that has aborted already", async () => {
    const workspace = await openJournalWorkspace();
    const { id, result } = await runPipeline(
      waiting,
      {},
      { workspace, signal: AbortSignal.abort(new Error("too late")) },
    );
    await expect(result).rejects.toMatchObject({ code: "run-cancelled" });
    expect(Object.values(await states(workspace, id))).toEqual(Array(4).fill("cancelled"));
  });
});

async function untilEvent(events: AsyncIterable<RunEvent>, wanted: (event: RunEvent) => boolean): Promise<void> {
  for await (const event of events) if (wanted(event)) return;
}
