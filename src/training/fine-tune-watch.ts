/** What watches a fine-tuning run: the best parameters so far, the speed, and the voice as it changes. */

import type { LanguageModels, LoraConfig, TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";

const SAMPLE_TOKENS = 60;

/** The parameters with the lowest held-out loss. */
export interface BestParameters {
  /** Their loss and the steps behind them. */
  readonly loss: number;
  readonly step: number;
  /** Told of every evaluation; whether the last `patience` of them were no better. */
  offer(loss: number, step: number): boolean;
  /** Writes them back into the model. */
  restore(): void;
}

/** Begins with the parameters as they are and their loss. */
export function keepBest(model: TrainableModel, initialLoss: number, patience: number): BestParameters {
  let best = { loss: initialLoss, step: 0, parameters: model.parameters.slice() };
  let worse = 0;
  return {
    get loss() {
      return best.loss;
    },
    get step() {
      return best.step;
    },
    offer(loss, step) {
      if (loss < best.loss) {
        best = { loss, step, parameters: model.parameters.slice() };
        worse = 0;
      } else worse++;
      return worse >= patience;
    },
    restore: () => model.parameters.set(best.parameters),
  };
}

/** The time that steps take, without what is done between and inside them for other ends. */
export interface Stopwatch {
  start(): void;
  /** Since the start, at least a millisecond. */
  seconds(): number;
  /** Runs `work` while the watch stands still. */
  outside<T>(work: () => Promise<T>): Promise<T>;
}

export function createStopwatch(clock: Clock): Stopwatch {
  let startedAtMs = clock.now();
  return {
    start() {
      startedAtMs = clock.now();
    },
    seconds: () => Math.max(1, clock.now() - startedAtMs) / 1000,
    async outside(work) {
      const leftAtMs = clock.now();
      const result = await work();
      startedAtMs += clock.now() - leftAtMs;
      return result;
    },
  };
}

export interface SamplerOptions {
  readonly models: LanguageModels;
  readonly model: TrainableModel;
  readonly lora: LoraConfig;
  readonly prompt: string;
  /** 0 for no samples. */
  readonly everySeconds: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Gives the prompt and what the model makes of it now, when it is time; `undefined` otherwise. */
export function createSampler(options: SamplerOptions): () => Promise<string | undefined> {
  const { models, model, lora, prompt, everySeconds, seed, clock, signal } = options;
  let lastAtMs = clock.now();
  return async () => {
    if (everySeconds === 0 || clock.now() - lastAtMs < everySeconds * 1000) return undefined;
    const voice = await models.openVoice(models.saveAdapter(model, lora));
    try {
      let text = prompt;
      const pieces = voice.continue(prompt, { maxTokens: SAMPLE_TOKENS, seed, ...(signal ? { signal } : {}) });
      for await (const piece of pieces) text += piece;
      return text;
    } finally {
      await voice.close();
      lastAtMs = clock.now();
    }
  };
}
