/** What a training run can be told, and what it does when it is told nothing. */

import type { LanguageModels, LoraConfig } from "../contracts/models.ts";
import { loraFor } from "./lora-settings.ts";
import type { ScheduleName } from "./schedule.ts";

/** Settings of a run of `fineTune` or `trainDpo`; every one of them is used. */
export interface TrainingOptions {
  /**
   * null: all parameters are trained. Default: as what training starts from; from the base r 16, alpha 32, no dropout,
   * on all seven projections.
   */
  readonly lora?: Partial<LoraConfig> | null;
  /** Rows of a batch; for preferences, pairs. Default 8. */
  readonly batchSize?: number;
  /** Batches whose gradients make one step. Default 1. */
  readonly gradientAccumulationSteps?: number;
  /** Less memory for a second forward pass. Default false. */
  readonly gradientCheckpointing?: boolean;
  /** Tokens of a sample, cut at its end; rows that samples are packed into may be longer. Default 256, at most the base's context. */
  readonly windowTokens?: number;
  /** Several samples in a row; else each has its own, in batches of about its length. Default true. */
  readonly packing?: boolean;
  /** Passes over the data. Default 3. */
  readonly epochs?: number;
  /** Ends the run earlier. */
  readonly maxSteps?: number;
  /** Ends the run earlier; the learning rate falls with whichever end comes first. */
  readonly maxMinutes?: number;
  /**
   * The highest. Default with LoRA 3e-3 for bases under 100 million parameters and 3e-4 for larger ones, a tenth of
   * that for all parameters; for preferences 5e-6.
   */
  readonly learningRate?: number;
  /** Default cosine. */
  readonly schedule?: ScheduleName;
  /** Share of the steps over which the learning rate rises. Default 0.05. */
  readonly warmupFraction?: number;
  /** The same as a number of steps, which counts before the share. */
  readonly warmupSteps?: number;
  /** Default 0.01. */
  readonly weightDecay?: number;
  /** Of AdamW. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Of AdamW. Default 1e-8. */
  readonly epsilon?: number;
  /** Longest gradient. Default 1. */
  readonly clipNorm?: number;
  /** Default: a tenth of the steps, at most half an epoch. */
  readonly evaluateEverySteps?: number;
  /** Evaluations without a better loss after which the run ends. Default 3. */
  readonly patience?: number;
  /** Rows of held-out text in an evaluation. Default 64. */
  readonly maxValidationRows?: number;
  /** Between two checkpoints. Default: ten minutes. */
  readonly saveEverySteps?: number;
  readonly saveEverySeconds?: number;
  /** Time between two samples; 0 for none. Default 0. */
  readonly sampleEverySeconds?: number;
  /** What samples continue. Default: the first words of a validation text. */
  readonly samplePrompt?: string;
  readonly seed?: number;
}

/** What preferences are learnt with besides. */
export interface DpoOptions extends TrainingOptions {
  /** How much a difference to the reference counts. Default 0.1. */
  readonly beta?: number;
  /** Share of the chosen answers' loss a token that is added; 0 for none. Default 0. */
  readonly nllWeight?: number;
  /**
   * Evaluations in a row with chosen answers less likely than at the start, after which the run ends; such parameters
   * are not kept. 0: they are kept, and the run goes on. Default 3.
   */
  readonly chosenPatience?: number;
  /** Bases under 100 million parameters as well. Default false. */
  readonly force?: boolean;
}

const DEFAULTS = {
  batchSize: 8,
  gradientAccumulationSteps: 1,
  gradientCheckpointing: false,
  windowTokens: 256,
  packing: true,
  epochs: 3,
  maxSteps: Number.POSITIVE_INFINITY,
  maxMinutes: Number.POSITIVE_INFINITY,
  schedule: "cosine" as ScheduleName,
  warmupFraction: 0.05,
  weightDecay: 0.01,
  betas: [0.9, 0.999] as readonly [number, number],
  epsilon: 1e-8,
  clipNorm: 1,
  patience: 3,
  maxValidationRows: 64,
  sampleEverySeconds: 0,
  seed: 42,
};

/** Options with nothing left open, apart from what depends on the data. */
export type TrainingSettings = typeof DEFAULTS &
  Pick<
    TrainingOptions,
    "warmupSteps" | "evaluateEverySteps" | "saveEverySteps" | "saveEverySeconds" | "samplePrompt"
  > & {
    readonly lora: LoraConfig | null;
    readonly learningRate: number;
  };

/**
 * The settings of supervised training, from the base or from the files of a model.
 *
 * @throws {OptionConflictError} when the options' matrices are not those of the adapter that is gone on from
 */
export function toSettings(
  options: TrainingOptions,
  models: LanguageModels,
  start?: ReadonlyMap<string, Uint8Array>,
): TrainingSettings {
  const settings = { ...DEFAULTS, ...options };
  const lora = loraFor(options.lora, models, start);
  const rate = models.base.parameterCount < 100e6 ? 3e-3 : 3e-4;
  return {
    ...settings,
    lora,
    learningRate: options.learningRate ?? (lora === null ? rate / 10 : rate),
    windowTokens: Math.min(settings.windowTokens, models.contextTokens),
  };
}

/** With the options of preferences. */
export type DpoSettings = TrainingSettings &
  Required<Pick<DpoOptions, "beta" | "nllWeight" | "chosenPatience" | "force">>;

/** The settings of preference training; the rest as `toSettings`. */
export function toDpoSettings(
  options: DpoOptions,
  models: LanguageModels,
  start?: ReadonlyMap<string, Uint8Array>,
): DpoSettings {
  const { beta = 0.1, nllWeight = 0, chosenPatience = 3, force = false, ...rest } = options;
  return { ...toSettings({ learningRate: 5e-6, ...rest }, models, start), beta, nllWeight, chosenPatience, force };
}
