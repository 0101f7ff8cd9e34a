import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAdamW } from "./adamw.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { createRunKeeper, type RunKeeperOptions } from "./run-keeper.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-keeper-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const layout = [{ name: "p", shape: [2], offset: 0 }];
let nowMs = 0;
const clock = { now: () => nowMs, sleep: async () => undefined };

async function setUp(every: Pick<RunKeeperOptions, "everySteps" | "everySeconds"> = { everySteps: 1 }) {
  const model = { parameters: Float32Array.of(1, 2) };
  const optimizer = createAdamW(layout, { learningRate: 0.1 });
  const checkpoints = await openCheckpoints({ folder, keep: 99 });
  const keeper = createRunKeeper({ checkpoints, model, optimizer, clock, ...every });
  return { model, optimizer, checkpoints, keeper };
}

describe("a kept run", () => {
  it("comes back with parameters, the optimizer's memory and what was remembered beside them", async () => {
    const { model, optimizer, keeper } = await setUp();
    await optimizer.update(model.parameters, Float32Array.of(0.5, -3), 1);
    await keeper.keep(7, () => ({ arrays: { best: Float32Array.of(9) }, facts: { bestLoss: 0.1 } }));
    const again = await setUp();
    expect(await again.keeper.resume()).toEqual({
      step: 7,
      arrays: { best: Float32Array.of(9) },
      facts: { bestLoss: 0.1 },
    });
    expect(again.model).toEqual(model);
    expect(again.optimizer.state()).toEqual(optimizer.state());
  });

  it("begins afresh when there is none", async () => {
    expect(await (await setUp()).keeper.resume()).toBeUndefined();
  });

  it.each([
    [{ everySteps: 3 }, [3, 6, 9]],
    [{ everySeconds: 40 }, [4, 8]],
    [{ everySteps: 7, everySeconds: 50 }, [5, 7]],
    [{}, []],
  ])("is saved when it is time: %o", async (every, steps) => {
    nowMs = 0;
    const { keeper, checkpoints } = await setUp(every);
    const saved: number[] = [];
    for (let step = 1; step <= 9; step++) {
      nowMs += 10_000;
      await keeper.keep(step, () => ({}));
      const latest = await checkpoints.latest();
      if (latest?.step === step) saved.push(step);
    }
    expect(saved).toEqual(steps);
    await keeper.keep(10, () => ({}), { now: true });
    expect((await checkpoints.latest())?.step).toBe(10);
  });

  it("refuses the checkpoint of another model", async () => {
    const { keeper, checkpoints } = await setUp();
    await checkpoints.save({ step: 1, arrays: { parameters: Float32Array.of(1) }, facts: { optimizerStep: 1 } });
    await expect(keeper.resume()).rejects.toMatchObject({ code: "optimizer-state-mismatch" });
  });
});
