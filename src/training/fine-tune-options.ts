/** What a fine-tuning run can be told, and what it does when it is told nothing. */

import type { LanguageModels, LoraConfig } from "../contracts/models.ts";

/** Settings of a fine-tuning run; every one of them is used. */
export interface FineTuneOptions {
  /** Default: r 16, alpha 32, on all seven projections. */
  readonly lora?: Partial<LoraConfig>;
  /** Rows of a batch. Default 8. */
  readonly batchSize?: number;
  /** Batches whose gradients make one step. Default 1. */
  readonly gradientAccumulationSteps?: number;
  /** Tokens of a row. Default 256, at most the base's context. */
  readonly windowTokens?: number;
  /** Passes over the data. Default 3. */
  readonly epochs?: number;
  /** Ends the run earlier. */
  readonly maxSteps?: number;
  /** Ends the run earlier; the learning rate falls with whichever end comes first. */
  readonly maxMinutes?: number;
  /** The highest. Default 3e-3 for bases under 100 million parameters, 3e-4 for larger ones. */
  readonly learningRate?: number;
  /** Share of the steps over which the learning rate rises. Default 0.05. */
  readonly warmupFraction?: number;
  /** Default 0.01. */
  readonly weightDecay?: number;
  /** Longest gradient. Default 1. */
  readonly clipNorm?: number;
  /** Default: a tenth of the steps, at most half an epoch. */
  readonly evaluateEverySteps?: number;
  /** Evaluations without a better loss after which the run ends. Default 3. */
  readonly patience?: number;
  /** Rows of held-out text in an evaluation. Default 64. */
  readonly maxValidationRows?: number;
  /** Time between two samples; 0 for none. Default 0. */
  readonly sampleEverySeconds?: number;
  /** What samples continue. Default: the first words of a validation text. */
  readonly samplePrompt?: string;
  readonly seed?: number;
}

/** The seven projections of a Llama layer: what LoRA adapts unless it is told otherwise. */
export const LLAMA_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

const DEFAULTS = {
  batchSize: 8,
  gradientAccumulationSteps: 1,
  windowTokens: 256,
  epochs: 3,
  maxSteps: Number.POSITIVE_INFINITY,
  maxMinutes: Number.POSITIVE_INFINITY,
  warmupFraction: 0.05,
  weightDecay: 0.01,
  clipNorm: 1,
  patience: 3,
  maxValidationRows: 64,
  sampleEverySeconds: 0,
  seed: 42,
};

/** Options with nothing left open, apart from what depends on the data. */
export type FineTuneSettings = typeof DEFAULTS & {
  readonly lora: LoraConfig;
  readonly learningRate: number;
  readonly evaluateEverySteps: number | undefined;
  readonly samplePrompt: string | undefined;
};

export function toSettings(options: FineTuneOptions, models: LanguageModels): FineTuneSettings {
  const settings = { ...DEFAULTS, ...options };
  return {
    ...settings,
    lora: { r: 16, alpha: 32, targetModules: LLAMA_PROJECTIONS, ...options.lora },
    learningRate: options.learningRate ?? (models.base.parameterCount < 100e6 ? 3e-3 : 3e-4),
    windowTokens: Math.min(settings.windowTokens, models.contextTokens),
    evaluateEverySteps: options.evaluateEverySteps,
    samplePrompt: options.samplePrompt,
  };
}
