import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../core/clock.ts";
import { type Checkpoints, openCheckpoints } from "./checkpoints.ts";
import { dpoLoss } from "./dpo-loss.ts";
import { createByteFrequencyModels } from "./fixture-models.ts";
import { type DpoInput, trainDpo } from "./train-dpo.ts";
import type { DpoOptions } from "./training-options.ts";
import type { TrainingReport } from "./training-run.ts";

let folder: string;
let checkpoints: Checkpoints;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-dpo-"));
  checkpoints = await openCheckpoints({ folder: join(folder, "checkpoints") });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pairs = Array.from({ length: 12 }, (_, i) => ({
  id: `p${i}`,
  prompt: `Say ${i}`,
  chosen: "The tea is hot.".repeat(1 + (i % 3)),
  rejected: "ZQXJ! ".repeat(3),
}));
/** An adapter that is not the base. */
const start = new Map([
  ["adapter_config.json", Buffer.from(JSON.stringify({ r: 4, alpha: 12, targetModules: ["v_proj", "q_proj"] }))],
  ["adapter_model.safetensors", Buffer.from(Float32Array.from({ length: 258 }, (_, i) => Math.sin(i)).buffer)],
]);
const BASE: DpoOptions = { batchSize: 2, windowTokens: 256, maxSteps: 6, learningRate: 0.05, warmupFraction: 0 };

async function run(options: DpoOptions = {}, input: Partial<DpoInput> = {}) {
  const reports: TrainingReport[] = [];
  const models = createByteFrequencyModels(2e8);
  const result = await trainDpo({
    ...{ models, train: pairs.slice(0, 9), validation: pairs.slice(9), start, clock: systemClock() },
    options: { ...BASE, ...options },
    onStep: (report) => void reports.push(report),
    ...input,
  });
  return { ...result, reports, opened: models.opened };
}

describe("preference training", () => {
  it("starts at a loss of ln 2 and rewards of 0 from an adapter that is not the base", async () => {
    const { metrics, reports } = await run();
    expect(metrics.initialValidationLoss).toBe(Math.LN2);
    expect(reports[0]?.loss).toBeCloseTo(Math.LN2, 6);
    for (const name of ["rewards/chosen", "rewards/rejected", "rewards/margins"]) {
      expect(reports[0]?.values[name]).toBeCloseTo(0, 5);
    }
  });

  it("makes chosen answers likelier than rejected ones, and says so by TRL's names", async () => {
    const { reports, metrics, values } = await run({ maxSteps: 30, epochs: 20 });
    const last = reports.at(-1);
    expect(last?.loss).toBeLessThan(Math.LN2 - 0.1);
    expect(last?.values["rewards/margins"]).toBeGreaterThan(0.3);
    expect(last?.values["rewards/accuracies"]).toBe(1);
    expect(Object.keys(last?.values ?? {}).filter((name) => !name.startsWith("validation/"))).toEqual([
      ...["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"],
      ...["logps/chosen", "logps/rejected"],
    ]);
    expect(metrics.validationLoss).toBeLessThan(metrics.initialValidationLoss);
    expect(values["rewards/chosen"]).toBeGreaterThan(0);
  });

  it("is refused for bases under 100 million parameters, unless forced", async () => {
    const small = { models: createByteFrequencyModels(8e6) };
    await expect(run({}, small)).rejects.toMatchObject({
      code: "base-too-small",
      message: expect.stringMatching(/8,000,000 parameters.*100,000,000.*force: true/s),
    });
    expect((await run({ force: true }, small)).metrics.steps).toBe(6);
  });

  it("has the rank, scale and targets of the adapter that it goes on from, and refuses others", async () => {
    const { opened, settings } = await run();
    expect(opened[0]?.lora).toEqual({ r: 4, alpha: 12, targetModules: ["v_proj", "q_proj"], dropout: 0 });
    expect(settings.lora).toEqual(opened[0]?.lora);
    const same = { r: 4, targetModules: ["q_proj", "v_proj"] };
    expect((await run({ lora: same })).opened[0]?.lora?.alpha).toBe(12);
    await expect(run({ lora: { r: 8 } })).rejects.toMatchObject({
      code: "option-conflict",
      message: expect.stringMatching(/lora_r is 8; expected 4, as the adapter has that training goes on from/),
    });
    await expect(run({ lora: { alpha: 8 } })).rejects.toThrow("lora_alpha is 8; expected 12");
    await expect(run({ lora: { targetModules: ["o_proj"] } })).rejects.toThrow(/lora_target_modules.*q_proj, v_proj/);
  });

  it("trains a whole checkpoint as a whole, and no adapter to it", async () => {
    const checkpoint = new Map([["model.safetensors", start.get("adapter_model.safetensors") ?? Buffer.alloc(0)]]);
    const { kind, opened } = await run({}, { start: checkpoint });
    expect([kind, opened[0]?.lora]).toEqual(["full", null]);
    await expect(run({ lora: {} }, { start: checkpoint })).rejects.toThrow(/use_peft is true; expected false/);
    expect((await run({ lora: null })).kind).toBe("full");
  });

  it("is refused with dropout, and without pairs that fit", async () => {
    await expect(run({ lora: { dropout: 0.1 } })).rejects.toMatchObject({ code: "option-conflict" });
    await expect(run({ windowTokens: 8 })).rejects.toMatchObject({
      code: "nothing-to-train-on",
      message: expect.stringContaining("None of 9 pairs"),
    });
  });

  it("ends when chosen answers become less likely than at the start, and keeps no such parameters", async () => {
    const opposed = pairs.map((pair) => ({ ...pair, chosen: pair.chosen + "ZQXJ".repeat(3), rejected: pair.chosen }));
    const fallen = {
      train: opposed.slice(0, 9),
      validation: pairs.slice(9).map((pair) => ({ ...pair, rejected: "the is" })),
    };
    const options = {
      evaluateEverySteps: 1,
      maxSteps: 50,
      epochs: 50,
      patience: 0,
      chosenPatience: 2,
      learningRate: 0.3,
    };
    const { ended, metrics } = await run(options, fallen);
    expect([ended, metrics.bestStep, metrics.steps < 50]).toEqual(["chosen-fell", 0, true]);
    expect((await run({ ...options, chosenPatience: 0 }, fallen)).ended).toBe("completed");
  });

  it("adds the chosen answers' loss a token, which keeps them likely", async () => {
    const [plain, added] = [
      await run({ maxSteps: 20, epochs: 20 }),
      await run({ maxSteps: 20, epochs: 20, nllWeight: 5 }),
    ];
    expect(added.reports.at(-1)?.values["nll_loss"]).toBeGreaterThan(0);
    expect(added.reports[0]?.loss).toBeCloseTo(Math.LN2 + 5 * (added.reports[0]?.values["nll_loss"] ?? 0), 6);
    expect(added.reports.at(-1)?.values["logps/chosen"]).toBeGreaterThan(
      plain.reports.at(-1)?.values["logps/chosen"] ?? 0,
    );
  });

  it("measures the reference once, and goes on from a checkpoint with the losses of a run that was not stopped", async () => {
    const whole = await run({ saveEverySteps: 2 });
    const controller = new AbortController();
    const onStep = ({ step }: TrainingReport): void => {
      if (step === 4) controller.abort(new RangeError("killed"));
    };
    const input = { checkpoints, onStep, signal: controller.signal };
    await expect(run({ saveEverySteps: 2 }, input)).rejects.toThrow("killed");
    expect((await readdir(checkpoints.folder)).filter((name) => name.startsWith("reference-"))).toHaveLength(1);
    const again = await run({ saveEverySteps: 2 }, { checkpoints });
    expect(again.metrics.resumedFromStep).toBe(4);
    expect(again.curve.map(({ loss }) => loss)).toEqual(whole.curve.map(({ loss }) => loss));
    expect([...again.files]).toEqual([...whole.files]);
  });

  it("gives the same with and without packing, batched or accumulated", async () => {
    const lossesOf = async (options: DpoOptions) => (await run(options)).reports.map(({ loss }) => loss);
    const packed = await lossesOf({});
    for (const options of [{ packing: false }, { batchSize: 1, gradientAccumulationSteps: 2 }]) {
      (await lossesOf(options)).forEach((loss, i) => {
        expect(loss).toBeCloseTo(packed[i] ?? Number.NaN, 5);
      });
    }
  });
});

describe("the loss of DPO", () => {
  it("has slopes that are its derivatives by the policy's log-probabilities", () => {
    const reference = { chosen: -20, rejected: -25 };
    const scored = (chosen: number) => [
      { policy: { chosen, rejected: -27 }, reference },
      { policy: { chosen: -30, rejected: -22 }, reference },
    ];
    const slope = (dpoLoss(scored(-19 + 1e-5), 0.3).loss - dpoLoss(scored(-19 - 1e-5), 0.3).loss) / 2e-5;
    expect(dpoLoss(scored(-19), 0.3).slopes[0]).toBeCloseTo(-slope, 8);
  });

  it("is a number however far policy and reference are apart", () => {
    const apart = (margin: number) =>
      dpoLoss([{ policy: { chosen: margin, rejected: 0 }, reference: { chosen: 0, rejected: 0 } }], 1);
    expect(apart(-5000).loss).toBe(5000);
    expect(apart(5000)).toMatchObject({ loss: 0, slopes: [0] });
  });
});
