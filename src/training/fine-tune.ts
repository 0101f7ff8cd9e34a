/**
 * Supervised fine-tuning on texts and on instructions with answers: prompts are read and not learnt, the loss on
 * held-out rows is watched, and the best parameters come out as the files of an adapter or of a whole checkpoint.
 */

import { type LanguageModels, MIN_INSTRUCTION_PARAMETERS, type TrainableModel } from "../contracts/models.ts";
import type { InstructionRow } from "../contracts/training.ts";
import type { Clock } from "../core/clock.ts";
import { splitWords } from "../text/index.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { TooLittleTextError } from "./datasets/index.ts";
import { createEvaluationBatches, createTrainingBatches, type SkippedRows } from "./fine-tune-batches.ts";
import { openWidths } from "./model-widths.ts";
import { createSampler } from "./sampler.ts";
import { meanLoss } from "./train-loop.ts";
import { type TrainingOptions, type TrainingSettings, toSettings } from "./training-options.ts";
import { type CurvePoint, type RunResult, runTraining, type TrainingReport } from "./training-run.ts";

/** Fewer words make a handful of rows, which a model learns by heart. */
export const MIN_TRAINING_WORDS = 300;
const SAMPLE_PROMPT_WORDS = 8;

/** What every kind of training needs. */
export interface TrainingInput<Row, Options> {
  readonly models: LanguageModels;
  readonly train: readonly Row[];
  /** Rows of other documents: they choose the parameters that are kept, so they are no test. */
  readonly validation: readonly Row[];
  readonly options?: Options;
  /** Files of an adapter, or of a checkpoint, to start from in place of the base. */
  readonly start?: ReadonlyMap<string, Uint8Array>;
  readonly clock: Clock;
  /** Where the run is kept and what it goes on from; without them it begins at its start. */
  readonly checkpoints?: Checkpoints;
  readonly onStep?: (report: TrainingReport) => void | Promise<void>;
  /** Told of the losses so far when the run goes on from a checkpoint. */
  readonly onResume?: (curve: readonly CurvePoint[]) => void;
  readonly signal?: AbortSignal;
}

/** What `fineTune` needs. */
export type FineTuneInput = TrainingInput<InstructionRow, TrainingOptions>;

/** A trained model, and how it came about. */
export interface TrainingResult extends RunResult {
  /** `lora`: a PEFT adapter's folder. `full`: a checkpoint's folder. */
  readonly kind: "lora" | "full";
  /** Path to bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Rows that were not trained on. */
  readonly skipped: SkippedRows;
  /** Share of the batches' tokens that are not padding. */
  readonly filledFraction: number;
  /** What it was trained by, with nothing left open. */
  readonly settings: TrainingSettings;
}

/**
 * Trains on texts and instructions. Equal input gives equal files, also over kills, unless `maxMinutes` ends the run.
 *
 * @throws {TooLittleTextError} below `MIN_TRAINING_WORDS` words to train on, or without any to validate on
 * @throws {TrainingDivergedError} when the loss is no longer finite
 * @throws {LossExplodedError} when it is far above where it was
 */
export async function fineTune(input: FineTuneInput): Promise<TrainingResult> {
  const { models, clock, signal } = input;
  const settings = toSettings(input.options ?? {}, models, input.start);
  const [train, validation] = [input.train, input.validation].map((rows) => rowsFor(models, rows)) as [
    InstructionRow[],
    InstructionRow[],
  ]; // one result a list
  const { windowTokens } = settings;
  const batches = createTrainingBatches(train, {
    ...{ batch: settings.batchSize, time: windowTokens, maxRowTokens: models.contextTokens },
    ...{ wording: models, seed: settings.seed, packing: settings.packing },
    batchesPerStep: settings.gradientAccumulationSteps,
  });
  const shape = { batch: batches.batch, time: Math.max(windowTokens, ...batches.times) };
  const held = createEvaluationBatches(validation, {
    ...{ ...shape, wording: models, maxRows: settings.maxValidationRows, maxSampleTokens: windowTokens },
  });
  assertEnough("training", train, batches.batchesPerEpoch > 0 ? MIN_TRAINING_WORDS : Number.POSITIVE_INFINITY);
  assertEnough("validation", validation, held.length > 0 ? 1 : Number.POSITIVE_INFINITY);
  const model = await openWidths(
    (time) => openModel(input, settings, { ...shape, time }),
    [...batches.times, shape.time],
  );
  try {
    const save = (): ReadonlyMap<string, Uint8Array> => filesOf(models, model, settings);
    const result = await runTraining({
      ...{ model, settings, clock, signal, checkpoints: input.checkpoints, onStep: input.onStep },
      onResume: input.onResume,
      notAllowedPatience: 0,
      objective: {
        batchesPerEpoch: batches.batchesPerEpoch,
        at: batches.at,
        evaluate: async () => ({ loss: await meanLoss(model, held) }),
      },
      sample: createSampler({
        ...{ models, save, clock, signal, seed: settings.seed, everySeconds: settings.sampleEverySeconds },
        prompt: settings.samplePrompt ?? openingOf(validation),
      }),
    });
    const { skipped, filledFraction } = batches;
    return { ...result, kind: settings.lora ? "lora" : "full", files: save(), skipped, filledFraction, settings };
  } finally {
    await model.close();
  }
}

/** The trainable model that the settings ask for, from the input's start. */
export function openModel(
  { models, start }: Pick<FineTuneInput, "models" | "start">,
  { lora, seed, gradientCheckpointing }: TrainingSettings,
  shape: { readonly batch: number; readonly time: number },
): Promise<TrainableModel> {
  return models.openTrainable({
    ...{ lora, seed, ...shape, checkpointing: gradientCheckpointing },
    ...(start === undefined ? {} : { adapter: start }),
  });
}

/** The files of what was trained. */
export function filesOf(
  models: LanguageModels,
  model: TrainableModel,
  { lora }: Pick<TrainingSettings, "lora">,
): ReadonlyMap<string, Uint8Array> {
  return lora ? models.saveAdapter(model, lora) : models.saveModel(model);
}

/** The rows that a base of this size learns from. */
export function rowsFor<Row extends InstructionRow>(models: Pick<LanguageModels, "base">, rows: readonly Row[]): Row[] {
  const instructed = models.base.parameterCount >= MIN_INSTRUCTION_PARAMETERS;
  return rows.filter(({ instruction }) => instructed || instruction === "");
}

function assertEnough(use: string, rows: readonly InstructionRow[], neededWordCount: number): void {
  const wordCount = rows.reduce((sum, { answer }) => sum + splitWords(answer).length, 0);
  if (wordCount >= neededWordCount) return;
  throw new TooLittleTextError(`${authorOf(rows)} for ${use}`, { wordCount, neededWordCount });
}

function authorOf([row]: readonly InstructionRow[]): string {
  return row && "authorFullName" in row ? String(row.authorFullName) : "the author";
}

/** The first words of the first text. */
function openingOf(rows: readonly InstructionRow[]): string {
  const text = rows.find(({ instruction }) => instruction === "")?.answer ?? "";
  return text
    .replace(/^#.*\n+/, "")
    .split(/\s+/)
    .slice(0, SAMPLE_PROMPT_WORDS)
    .join(" ");
}
