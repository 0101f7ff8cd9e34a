import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LanguageModels } from "../contracts/models.ts";
import { openCheckpoints } from "./checkpoints.ts";
import type { Sample } from "./datasets/sample.ts";
import { fineTune } from "./fine-tune.ts";
import { createByteFrequencyModels } from "./fixture-models.ts";
import type { TrainingOptions } from "./training-options.ts";
import type { TrainingReport } from "./training-run.ts";

const sample = (answer: string, instruction = ""): Sample => ({
  schemaVersion: 1,
  id: answer.slice(0, 20),
  form: instruction ? "outline" : "continuation",
  authorId: "ada",
  authorFullName: "Ada Byron",
  title: "A",
  source: "a.md",
  publishedAt: null,
  instruction,
  answer,
  spans: [{ documentId: answer.slice(0, 20), documentVersion: 1, start: 0, end: answer.length }],
});
const train = Array.from({ length: 8 }, (_, i) =>
  sample(`Letter ${i}. ${"the tea is hot and we are at ease ".repeat(12)}`),
);
const validation = [sample(`Held out. ${"the tea is hot ".repeat(20)}`)];
/** Has no letter of the others: training makes it worse from the first step. */
const foreign = [sample("ZQXJ".repeat(60))];
const BASE: TrainingOptions = { batchSize: 2, windowTokens: 64, maxSteps: 12, learningRate: 0.05 };

/** Each look at the clock takes a second. */
function tickingClock() {
  let ms = 0;
  return { now: () => (ms += 1000), sleep: async () => undefined };
}

async function run(
  options: TrainingOptions = {},
  input: { models?: ReturnType<typeof createByteFrequencyModels> } = {},
) {
  const models = input.models ?? createByteFrequencyModels();
  const reports: TrainingReport[] = [];
  const result = await fineTune({
    ...{ models, train, validation, options: { ...BASE, ...options }, clock: tickingClock() },
    onStep: (report) => void reports.push(report),
  });
  const weights = Buffer.from(result.files.get("adapter_model.safetensors") ?? "").toString("hex");
  return { ...result, reports, weights, opened: models.opened[0] };
}

const bitsOn = async (
  models: LanguageModels,
  text: string,
  files?: ReadonlyMap<string, Uint8Array>,
): Promise<number> => {
  const [bits = Number.NaN] = await (await models.openVoice(files)).bits([text]);
  return bits;
};

describe("fine-tuning", () => {
  it("lowers the loss, and the adapter that it saves needs fewer bits for the author's text", async () => {
    const models = createByteFrequencyModels();
    const { files, metrics, reports } = await run({ maxSteps: 60 }, { models });
    expect(reports.at(-1)?.loss).toBeLessThan((reports[0]?.loss ?? 0) - 1);
    expect(metrics.initialValidationLoss).toBeCloseTo(Math.log(258), 5);
    expect(metrics.validationLoss).toBeLessThan(metrics.initialValidationLoss - 1);
    expect(await bitsOn(models, "tea at ease", files)).toBeLessThan(await bitsOn(models, "tea at ease"));
  });

  it("reports every step, with the held-out loss where it was measured", async () => {
    const { reports, metrics } = await run({ evaluateEverySteps: 5 });
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(reports.filter(({ validationLoss }) => validationLoss !== undefined).map(({ step }) => step)).toEqual([
      5, 10, 12,
    ]);
    expect(metrics.tokens).toBeGreaterThan(0);
    expect(reports[0]?.tokensPerSecond).toBeGreaterThan(0);
  });

  it("gives equal files for equal input", async () => {
    expect((await run()).weights).toBe((await run()).weights);
  });

  it("trains small bases on continuations alone, and larger ones on instructions too", async () => {
    const samples = [...train, sample("Because it was hot. ".repeat(9), "Say why.")];
    const tokensOf = async (parameterCount: number): Promise<number> => {
      const models = createByteFrequencyModels(parameterCount);
      const options = { ...BASE, windowTokens: 256, epochs: 1, maxSteps: 1000 };
      return (await fineTune({ models, train: samples, validation, options, clock: tickingClock() })).metrics.tokens;
    };
    expect(await tokensOf(2e8)).toBeGreaterThan(await tokensOf(1e6));
  });

  it("says how many words there are to train on and how many are needed", async () => {
    const input = { models: createByteFrequencyModels(), validation, clock: tickingClock() };
    await expect(fineTune({ ...input, train: [sample("Far too short.")] })).rejects.toMatchObject({
      code: "too-little-text",
      wordCount: 3,
      neededWordCount: 300,
      message: expect.stringContaining("Ada Byron for training: 3 words"),
    });
  });

  it("keeps the parameters of the best evaluation, and ends when the held-out loss no longer falls", async () => {
    const models = createByteFrequencyModels();
    const result = await fineTune({
      ...{ models, train, validation: foreign, clock: tickingClock() },
      options: { ...BASE, evaluateEverySteps: 1, patience: 2, learningRate: 0.5, epochs: 50, maxSteps: 500 },
    });
    expect([result.ended, result.metrics.bestStep, result.metrics.steps]).toEqual(["early-stop", 0, 2]);
    expect(await bitsOn(models, "ZQXJ", result.files)).toBe(await bitsOn(models, "ZQXJ"));
  });

  it("ends with the signal's reason when it is aborted, and closes the model", async () => {
    const models = createByteFrequencyModels();
    const controller = new AbortController();
    const onStep = (): void => controller.abort(new RangeError("enough"));
    const input = { models, train, validation, options: BASE, clock: tickingClock(), onStep };
    await expect(fineTune({ ...input, signal: controller.signal })).rejects.toThrow("enough");
  });
});

describe("every option of fine-tuning is used", () => {
  it("lora: the matrices that are trained", async () => {
    const { opened } = await run({ lora: { r: 4, alpha: 7, targetModules: ["q_proj"] } });
    expect(opened?.lora).toEqual({ r: 4, alpha: 7, dropout: 0, targetModules: ["q_proj"] });
  });

  it("batchSize and windowTokens: the shape of a batch", async () => {
    const { opened } = await run({ batchSize: 3, windowTokens: 32 });
    expect([opened?.batch, opened?.time]).toEqual([3, 32]);
  });

  it("windowTokens: never over the base's context", async () => {
    expect((await run({ windowTokens: 4096 })).opened?.time).toBe(512);
  });

  it("gradientAccumulationSteps: so many batches a step", async () => {
    const [one, three] = [await run({ maxSteps: 1 }), await run({ maxSteps: 1, gradientAccumulationSteps: 3 })];
    expect(three.metrics.tokens / one.metrics.tokens).toBeCloseTo(3, 1);
  });

  it("epochs: so many passes, so many steps", async () => {
    const steps = async (epochs: number): Promise<number> => (await run({ epochs, maxSteps: 1000 })).metrics.steps;
    const one = await steps(1);
    expect(one).toBeGreaterThan(10);
    expect(await steps(3)).toBeGreaterThanOrEqual(3 * one - 2);
  });

  it("maxSteps: ends the run, and the learning rate is down by then", async () => {
    const { reports } = await run({ maxSteps: 5 });
    expect(reports.map(({ stepCount }) => stepCount)).toEqual([5, 5, 5, 5, 5]);
    expect(reports.at(-1)?.learningRate).toBeLessThan(0.2 * 0.05);
  });

  it("maxMinutes: ends the run by the clock, and the learning rate is down by then", async () => {
    const { ended, metrics, reports } = await run({ maxMinutes: 1, epochs: 100, maxSteps: 1000 });
    expect(ended).toBe("time");
    expect([metrics.seconds > 55, metrics.steps < 30]).toEqual([true, true]);
    expect(reports.at(-1)?.learningRate).toBeLessThan(0.2 * 0.05);
  });

  it("learningRate: the highest that is reported", async () => {
    for (const learningRate of [3e-4, 0.1]) {
      const { reports } = await run({ learningRate, warmupFraction: 0 });
      expect(Math.max(...reports.map((report) => report.learningRate))).toBeCloseTo(learningRate, 8);
    }
  });

  it("learningRate: by default ten times lower for bases of 100 million parameters", async () => {
    const peak = async (parameterCount: number): Promise<number> => {
      const { learningRate: _, ...options } = BASE;
      const rates: number[] = [];
      await fineTune({
        ...{ models: createByteFrequencyModels(parameterCount), train, validation, clock: tickingClock() },
        options: { ...options, warmupFraction: 0 },
        onStep: ({ learningRate }) => void rates.push(learningRate),
      });
      return Math.max(...rates);
    };
    expect([await peak(8e6), await peak(1e8)]).toEqual([3e-3, 3e-4]);
  });

  it("warmupFraction: the share of steps over which the learning rate rises", async () => {
    const peak = async (warmupFraction: number): Promise<number> => {
      const rates = (await run({ warmupFraction })).reports.map(({ learningRate }) => learningRate);
      return rates.indexOf(Math.max(...rates));
    };
    expect([await peak(0), await peak(0.5)]).toEqual([0, 6]);
  });

  it("weightDecay and clipNorm: other parameters", async () => {
    const { weights } = await run();
    expect((await run({ weightDecay: 0.5 })).weights).not.toBe(weights);
    expect((await run({ clipNorm: 0.05 })).weights).not.toBe(weights);
  });

  it("patience: evaluations without a better loss before the end", async () => {
    const stepsWith = async (patience: number): Promise<number> => {
      const options = { ...BASE, learningRate: 0.5, evaluateEverySteps: 1, patience };
      const models = createByteFrequencyModels();
      return (await fineTune({ models, train, validation: foreign, options, clock: tickingClock() })).metrics.steps;
    };
    expect([await stepsWith(1), await stepsWith(4)]).toEqual([1, 4]);
  });

  it("maxValidationRows: how much is measured", async () => {
    const [some, all] = [await run({ maxValidationRows: 1 }), await run()];
    expect(some.metrics.validationLoss).not.toBe(all.metrics.validationLoss);
  });

  it("sampleEverySeconds and samplePrompt: what the voice says meanwhile", async () => {
    const samplesOf = async (options: TrainingOptions): Promise<string[]> =>
      (await run(options)).reports.flatMap(({ sampleText }) => sampleText ?? []);
    expect(await samplesOf({})).toEqual([]);
    const samples = await samplesOf({ sampleEverySeconds: 20, samplePrompt: "Dear " });
    expect(samples.length).toBeGreaterThan(1);
    expect(samples.length).toBeLessThan(12);
    expect(samples.every((text) => text.startsWith("Dear ") && text.length > 10)).toBe(true);
    expect((await samplesOf({ sampleEverySeconds: 20 }))[0]).toMatch(/^Held out. the tea is hot the tea/);
  });

  it("seed: another order and other first parameters", async () => {
    const [one, two] = [await run({ seed: 1 }), await run({ seed: 2 })];
    expect([one.opened?.seed, two.opened?.seed]).toEqual([1, 2]);
    expect(one.weights).not.toBe(two.weights);
  });
});

describe("options that decide how much and how is learnt", () => {
  it("schedule and warmupSteps: the rates of a run", async () => {
    const ratesOf = async (options: TrainingOptions): Promise<number[]> =>
      (await run({ maxSteps: 4, learningRate: 1, clipNorm: 1e-3, ...options })).reports.map(
        (report) => report.learningRate,
      );
    expect(await ratesOf({ schedule: "linear", warmupSteps: 2 })).toEqual([0, 0.5, 1, 0.5]);
    expect(await ratesOf({ schedule: "constant" })).toEqual([1, 1, 1, 1]);
    expect(await ratesOf({ schedule: "constant_with_warmup", warmupSteps: 1 })).toEqual([0, 1, 1, 1]);
  });

  it("betas and epsilon: other parameters", async () => {
    const { weights } = await run();
    expect((await run({ betas: [0.5, 0.999] })).weights).not.toBe(weights);
    expect((await run({ betas: [0.9, 0.5] })).weights).not.toBe(weights);
    expect((await run({ epsilon: 0.1 })).weights).not.toBe(weights);
  });

  it("lora: null trains all parameters, and gives a checkpoint in place of an adapter", async () => {
    const models = createByteFrequencyModels();
    const { kind, files, opened } = await run({ lora: null, maxSteps: 40 }, { models });
    expect([kind, [...files.keys()], opened?.lora]).toEqual(["full", ["model.safetensors"], null]);
    expect(await bitsOn(models, "tea at ease", files)).toBeLessThan(await bitsOn(models, "tea at ease"));
  });

  it("gradientCheckpointing and lora.dropout: what the model is told", async () => {
    const { opened } = await run({ gradientCheckpointing: true, lora: { dropout: 0.25 } });
    expect([opened?.checkpointing, opened?.lora?.dropout]).toEqual([true, 0.25]);
    expect((await run()).opened?.checkpointing).toBe(false);
  });

  it("packing: several samples a row, or batches of several lengths", async () => {
    const samples = Array.from({ length: 40 }, (_, i) => sample("tea ".repeat(1 + ((i * 7) % 50)), `Q${i}`));
    const lengthsOf = async (packing: boolean): Promise<number[]> => {
      const models = createByteFrequencyModels(2e8);
      const options = { ...BASE, windowTokens: 256, packing, maxSteps: 30 };
      await fineTune({ models, train: [...train, ...samples], validation, options, clock: tickingClock() });
      return models.opened.map(({ time }) => time).sort((a, b) => a - b);
    };
    expect(await lengthsOf(true)).toEqual([256]);
    expect(await lengthsOf(false)).toEqual([64, 128, 256].filter((time) => time >= 64));
  });
});

describe("a loss that is no good", () => {
  const diverging = (from: number, value: number) => {
    const models = createByteFrequencyModels();
    let calls = 0;
    return {
      ...models,
      openTrainable: async (options: Parameters<LanguageModels["openTrainable"]>[0]) => {
        const model = await models.openTrainable(options);
        return {
          ...model,
          async lossAndGradient(batch: Parameters<typeof model.lossAndGradient>[0]) {
            const found = await model.lossAndGradient(batch);
            return ++calls > from ? { ...found, loss: value } : found;
          },
        };
      },
    };
  };
  let folder: string;
  const runInto = async (models: LanguageModels, options: TrainingOptions = {}, from?: string) =>
    fineTune({
      ...{ models, train, validation, clock: tickingClock() },
      options: { ...BASE, maxSteps: 12, saveEverySteps: 1, ...options },
      checkpoints: await openCheckpoints({ folder, ...(from === undefined ? {} : { from }) }),
    });

  it.each([
    ["no number", Number.NaN, "training-diverged", /the loss is NaN/],
    ["exploding", 1e4, "loss-exploded", /it is 1\.000e\+4 at step 8 and was/],
  ])(
    "stops the run when it is %s, keeps the last good checkpoint, and says what to do",
    async (_how, value, code, says) => {
      folder = await mkdtemp(join(tmpdir(), "trilith-diverged-"));
      await expect(runInto(diverging(5, value))).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
      await expect(runInto(diverging(0, value))).rejects.toThrow(
        /last good checkpoint is that of step 5.*Lower learning_rate/,
      );
      expect((await (await openCheckpoints({ folder })).latest())?.step).toBe(5);
      const other = folder;
      folder = join(other, "again");
      const { metrics } = await runInto(createByteFrequencyModels(), { learningRate: 0.01 }, other);
      expect([metrics.resumedFromStep, metrics.steps]).toEqual([5, 12]);
      folder = join(other, "none");
      await expect(runInto(createByteFrequencyModels(), {}, join(other, "nowhere"))).rejects.toMatchObject({
        code: "checkpoint-missing",
      });
      await rm(other, { recursive: true });
    },
  );

  it("is told with what was left out of the dataset, and an estimate of time and memory at every step", async () => {
    const samples = [...train, sample("  "), sample("A", "why? ".repeat(200)), sample("So. ".repeat(99), "Q")];
    const reports: TrainingReport[] = [];
    const { skipped, filledFraction } = await fineTune({
      ...{ models: createByteFrequencyModels(2e8), train: samples, validation, options: BASE, clock: tickingClock() },
      onStep: (report) => void reports.push(report),
    });
    expect(skipped).toEqual({ cut: 1, tooLong: 1, empty: 1 });
    expect(filledFraction).toBeGreaterThan(0.9);
    expect(reports.at(-1)?.secondsLeft).toBe(0);
    expect(reports[0]?.secondsLeft).toBeGreaterThan(reports[5]?.secondsLeft ?? 0);
    expect(reports[0]?.peakMemoryBytes).toBeGreaterThan(2 ** 24);
  });
});
