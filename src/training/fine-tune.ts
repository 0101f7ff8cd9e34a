/**
 * LoRA fine-tuning on an author's samples: trains, watches the loss on held-out documents, keeps the best
 * parameters, and gives the adapter's files.
 */

import type { LanguageModels, TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import { splitWords } from "../text/index.ts";
import { createAdamW } from "./adamw.ts";
import { type Sample, TooLittleTextError } from "./datasets/index.ts";
import { createEvaluationBatches, createTrainingBatches, type TrainingBatches } from "./fine-tune-batches.ts";
import { type FineTuneOptions, type FineTuneSettings, toSettings } from "./fine-tune-options.ts";
import { createSampler, createStopwatch, keepBest } from "./fine-tune-watch.ts";
import { warmupCosine } from "./schedule.ts";
import { meanLoss, type StepReport, trainModel } from "./train-loop.ts";

/** Bases below it learn a voice from continuations, and from instructions only to repeat their template. */
export const MIN_INSTRUCTION_PARAMETERS = 100e6;
/** Fewer words make a handful of rows, which a model learns by heart. */
export const MIN_TRAINING_WORDS = 300;
const SAMPLE_PROMPT_WORDS = 8;

/** One step as whoever watches sees it. */
export interface FineTuneReport {
  /** Steps done, from 1. */
  readonly step: number;
  /** Steps that the run will have if nothing ends it earlier. */
  readonly stepCount: number;
  /** Passes over the data so far, with fractions. */
  readonly epoch: number;
  /** Nats a token, before the step's update. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  /** Nats a token on held-out documents, at steps where it was measured. */
  readonly validationLoss?: number;
  /** Prompt and continuation by the model as it is now, at steps where one was drawn. */
  readonly sampleText?: string;
}

/** What `fineTune` needs. */
export interface FineTuneInput {
  readonly models: LanguageModels;
  readonly train: readonly Sample[];
  /** Samples of other documents: they choose the parameters that are kept, so they are no test. */
  readonly validation: readonly Sample[];
  readonly options?: FineTuneOptions;
  readonly clock: Clock;
  readonly onStep?: (report: FineTuneReport) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Numbers of a run; losses are nats a token. */
export interface FineTuneMetrics {
  readonly steps: number;
  readonly epochs: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly trainableParameters: number;
  readonly droppedSamples: number;
  readonly finalTrainLoss: number;
  /** Of the base, before the first step. */
  readonly initialValidationLoss: number;
  /** Of the parameters that were kept. */
  readonly validationLoss: number;
  /** Steps behind the parameters that were kept; 0 when training only made them worse. */
  readonly bestStep: number;
}

/** An adapter, and how it came about. */
export interface FineTuneResult {
  /** The adapter folder: path to bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly metrics: FineTuneMetrics;
  /** `early-stop`: the held-out loss no longer fell. `time`: `maxMinutes` were over. */
  readonly ended: "completed" | "early-stop" | "time";
}

/**
 * Trains an adapter. Equal input gives equal files, unless `maxMinutes` ends the run.
 *
 * @throws {TooLittleTextError} below `MIN_TRAINING_WORDS` words to train on, or without any to validate on
 * @throws {TrainingDivergedError} when the loss is no longer finite
 */
export async function fineTune(input: FineTuneInput): Promise<FineTuneResult> {
  const { models } = input;
  const settings = toSettings(input.options ?? {}, models);
  const [train, validation] = [input.train, input.validation].map((samples) => samplesFor(models, samples)) as [
    Sample[],
    Sample[],
  ]; // one result a list
  assertEnough("training", train, MIN_TRAINING_WORDS);
  assertEnough("validation", validation, 1);
  const shape = { batch: settings.batchSize, time: settings.windowTokens };
  const batches = createTrainingBatches(train, {
    ...shape,
    tokenizer: models.tokenizer,
    seed: settings.seed,
    batchesPerStep: settings.gradientAccumulationSteps,
  });
  const held = createEvaluationBatches(validation, {
    ...shape,
    tokenizer: models.tokenizer,
    maxRows: settings.maxValidationRows,
  });
  const model = await models.openTrainable({ lora: settings.lora, ...shape, seed: settings.seed });
  try {
    return await trainAdapter({ input, settings, model, batches, validationLoss: () => meanLoss(model, held) });
  } finally {
    await model.close();
  }
}

/** The samples that a base of this size learns from. */
export function samplesFor(models: Pick<LanguageModels, "base">, samples: readonly Sample[]): Sample[] {
  const instructed = models.base.parameterCount >= MIN_INSTRUCTION_PARAMETERS;
  return samples.filter(({ form }) => instructed || form === "continuation");
}

interface Run {
  readonly input: FineTuneInput;
  readonly settings: FineTuneSettings;
  readonly model: TrainableModel;
  readonly batches: TrainingBatches;
  /** Nats a token on the held-out rows. */
  readonly validationLoss: () => Promise<number>;
}

async function trainAdapter(run: Run): Promise<FineTuneResult> {
  const { input, settings, model, validationLoss } = run;
  const { clock, signal } = input;
  const startedAtMs = clock.now();
  const seconds = (): number => (clock.now() - startedAtMs) / 1000;
  const plan = planSteps(run, () => seconds() / (60 * settings.maxMinutes));
  const initialValidationLoss = await validationLoss();
  const best = keepBest(model, initialValidationLoss, settings.patience);
  const watch = createStopwatch(clock);
  const sample = samplerOf(run);
  let tokens = 0;
  let ended: FineTuneResult["ended"] = "completed";
  const last = await trainModel({
    model,
    batches(step) {
      watch.start();
      return run.batches.at(step);
    },
    optimizer: createAdamW(model.layout, settings),
    schedule: plan.schedule,
    steps: plan.steps,
    clipNorm: settings.clipNorm,
    evaluate: { everySteps: plan.evaluateEverySteps, loss: () => watch.outside(validationLoss) },
    ...(signal ? { signal } : {}),
    async onStep(report) {
      tokens += report.tokens;
      const tokensPerSecond = report.tokens / watch.seconds();
      const sampleText = await sample();
      await input.onStep?.({ ...plan.describe(report), tokensPerSecond, ...(sampleText ? { sampleText } : {}) });
      const { heldOutLoss, step } = report;
      if (heldOutLoss !== undefined && best.offer(heldOutLoss, step + 1)) ended = "early-stop";
      else if (plan.isOver() && step + 1 < plan.steps) ended = "time";
      return ended === "completed" ? undefined : "stop";
    },
  });
  const steps = last ? last.step + 1 : 0;
  if (last?.heldOutLoss === undefined) best.offer(await validationLoss(), steps);
  best.restore();
  const metrics = {
    steps,
    epochs: plan.epochsAfter(steps),
    tokens,
    seconds: seconds(),
    tokensPerSecond: tokens / Math.max(seconds(), 1e-3),
    trainableParameters: model.parameters.length,
    droppedSamples: run.batches.droppedCount,
    finalTrainLoss: last?.loss ?? Number.NaN,
    initialValidationLoss,
    validationLoss: best.loss,
    bestStep: best.step,
  };
  return { files: input.models.saveAdapter(model, settings.lora), ended, metrics };
}

function samplerOf({ input, settings, model }: Run): () => Promise<string | undefined> {
  return createSampler({
    models: input.models,
    model,
    clock: input.clock,
    signal: input.signal,
    lora: settings.lora,
    seed: settings.seed,
    prompt: settings.samplePrompt ?? openingOf(input.validation),
    everySeconds: settings.sampleEverySeconds,
  });
}

/** How long a run is: so many steps, or so much time, whichever ends first; the learning rate falls with both. */
function planSteps({ settings, batches }: Run, elapsedFraction: () => number) {
  const rowsPerStep = settings.batchSize * settings.gradientAccumulationSteps;
  const epochsAfter = (steps: number): number => (steps * rowsPerStep) / batches.rowsPerEpoch;
  const wanted = Math.ceil((settings.epochs * batches.rowsPerEpoch) / rowsPerStep);
  const steps = Math.max(1, Math.min(wanted, settings.maxSteps));
  const halfEpoch = Math.ceil(batches.rowsPerEpoch / rowsPerStep / 2);
  const cosine = warmupCosine({ warmupSteps: Math.round(settings.warmupFraction * steps), steps });
  return {
    steps,
    epochsAfter,
    evaluateEverySteps: settings.evaluateEverySteps ?? Math.min(Math.ceil(steps / 10), halfEpoch),
    isOver: () => elapsedFraction() >= 1,
    schedule: (step: number): number => cosine(Math.max(step, elapsedFraction() * steps)),
    describe: ({ step, loss, heldOutLoss, gradientNorm, factor }: StepReport) => ({
      step: step + 1,
      stepCount: steps,
      epoch: epochsAfter(step + 1),
      loss,
      gradientNorm,
      learningRate: factor * settings.learningRate,
      ...(heldOutLoss === undefined ? {} : { validationLoss: heldOutLoss }),
    }),
  };
}

function assertEnough(use: string, samples: readonly Sample[], neededWordCount: number): void {
  const wordCount = samples.reduce((sum, { answer }) => sum + splitWords(answer).length, 0);
  if (wordCount >= neededWordCount) return;
  throw new TooLittleTextError(`${samples[0]?.authorFullName ?? "the author"} for ${use}`, {
    wordCount,
    neededWordCount,
  });
}

/** The first words of the first text. */
function openingOf(samples: readonly Sample[]): string {
  const text = samples.find(({ form }) => form === "continuation")?.answer ?? "";
  return text
    .replace(/^#.*\n+/, "")
    .split(/\s+/)
    .slice(0, SAMPLE_PROMPT_WORDS)
    .join(" ");
}
