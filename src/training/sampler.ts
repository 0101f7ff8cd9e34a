/** Hears the voice as it changes: a prompt and what the model makes of it now, every so often. */

import type { LanguageModels } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";

const SAMPLE_TOKENS = 60;

export interface SamplerOptions {
  readonly models: LanguageModels;
  /** The model's files as it is now. */
  readonly save: () => ReadonlyMap<string, Uint8Array>;
  readonly prompt: string;
  /** 0 for no samples. */
  readonly everySeconds: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Gives the prompt and what the model makes of it now, when it is time; `undefined` otherwise. */
export function createSampler(options: SamplerOptions): () => Promise<string | undefined> {
  const { models, save, prompt, everySeconds, seed, clock, signal } = options;
  let lastAtMs = clock.now();
  return async () => {
    if (everySeconds === 0 || clock.now() - lastAtMs < everySeconds * 1000) return undefined;
    const voice = await models.openVoice(save());
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
