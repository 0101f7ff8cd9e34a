/** A tiny Llama with random weights and a tokenizer of bytes: for tests that need a whole model in milliseconds. */

import { createRandom } from "../core/random.ts";
import { trainBpe } from "./bpe-trainer.ts";
import { BASE_CONFIG, type LlamaConfig, llamaTensors } from "./llama-config.ts";
import { SPECIAL_TOKENS, toTokenizerJson } from "./tokenizer.ts";

/** 259 tokens, two layers, four query heads on two key/value heads, a context of 48 tokens. */
export const TINY_CONFIG = {
  ...BASE_CONFIG,
  vocab_size: 259,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 48,
} satisfies LlamaConfig;

/** Weights far larger than at the start of training, so that a wrong graph gives visibly other numbers. */
export function tinyWeights(seed: number): ReadonlyMap<string, Float32Array> {
  const random = createRandom(seed);
  return new Map(
    Object.entries(llamaTensors(TINY_CONFIG)).map(([name, shape]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0) + 0.3 * random.normal())];
    }),
  );
}

/** A `tokenizer.json` of the special tokens and the 256 bytes. */
export function byteTokenizerJson(): string {
  return toTokenizerJson(trainBpe(new Map(), { vocabularySize: 259, specialTokens: SPECIAL_TOKENS }));
}
