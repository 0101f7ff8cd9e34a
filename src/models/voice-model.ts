/**
 * A Llama model as the `VoiceModel` port: continues text as it streams, and measures how well it predicts given text.
 * Decoder and scorer are opened on first use and compute in threads of their own.
 */

import type { ChatTemplate, GenerateOptions, Tokenizer, VoiceModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { type Decoder, type DecoderSequence, openDecoder } from "./decoder.ts";
import { type LlamaConfig, parameterCountOf } from "./llama-config.ts";
import type { Weights } from "./llama-weights.ts";
import { type SamplingOptions, sampleToken } from "./sampling.ts";
import { scoreSequences } from "./scorer.ts";
import type { WeightPrecision } from "./stored-parts.ts";

const DEFAULTS = { maxTokens: 256, temperature: 0.8, topP: 0.95, seed: 1 };
/** Mild: enough that a small model does not repeat a sentence for ever. */
const REPETITION_PENALTY = 1.1;
const REMEMBERED_TOKENS = 64;

/** What a voice is made of: weights that fit the configuration, and the tokenizer that they were trained with. */
export interface VoiceModelOptions {
  readonly id: string;
  readonly config: LlamaConfig;
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
  /** What puts conversations to it, where it has learnt from them. */
  readonly chatTemplate?: ChatTemplate;
  /** Of one operation. Default 2. */
  readonly threads?: number;
  /** Default float32. int8 takes a quarter of the memory and predicts a little worse. */
  readonly precision?: WeightPrecision;
}

/** A voice model; nothing is opened before it is used. `close` waits for what is running. */
export function createVoiceModel(voice: VoiceModelOptions): VoiceModel {
  const { id, config, weights, tokenizer, chatTemplate, ...options } = voice;
  let decoder: Promise<Decoder> | undefined;
  const open = (): Promise<Decoder> => (decoder ??= openDecoder(config, weights, options));
  const parameterCount = parameterCountOf(config);
  return {
    id,
    parameterCount,
    ...(chatTemplate && { chatTemplate }),
    async *continue(prompt, options = {}) {
      yield* continueText(await open(), tokenizer, { prompt, ...options });
    },
    async bits(texts) {
      const sequences = texts.map((text) => tokenizer.encode(text));
      const nats = await scoreSequences(await open(), sequences, tokenizer.bosId ?? tokenizer.eosId);
      return nats.map((each) => each / Math.LN2);
    },
    async close() {
      await (await decoder)?.close();
    },
  };
}

async function* continueText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  options: GenerateOptions & { readonly prompt: string | readonly number[] },
): AsyncGenerator<string> {
  const { maxTokens, seed, signal, ...chosen } = { ...DEFAULTS, ...options };
  const sampling: SamplingOptions = { ...chosen, repetitionPenalty: REPETITION_PENALTY };
  const random = createRandom(seed);
  // A text without a beginning is one that follows the end of another.
  const read =
    typeof options.prompt === "string"
      ? [tokenizer.bosId ?? tokenizer.eosId, ...tokenizer.encode(options.prompt)]
      : [...options.prompt];
  const window = slidingWindow(decoder);
  let unread = [...read];
  let held: number[] = [];
  try {
    for (let count = 0; count < maxTokens; count++) {
      signal?.throwIfAborted();
      const logits = await window.read(unread, signal);
      const id = sampleToken(logits, sampling, { random, recentIds: read.slice(-REMEMBERED_TOKENS) });
      if (tokenizer.eosIds.includes(id)) break;
      read.push(id);
      unread = [id];
      held.push(id);
      const text = following(tokenizer, read.at(-1 - held.length), held);
      if (isIncomplete(text)) continue;
      yield text;
      held = [];
    }
    if (held.length > 0) yield following(tokenizer, read.at(-1 - held.length), held);
  } finally {
    window.close();
  }
}

/** The text of tokens in the middle of a text: alone, some tokenizers leave out the space that begins a word. */
function following(tokenizer: Tokenizer, before: number | undefined, ids: readonly number[]): string {
  if (before === undefined) return tokenizer.decode(ids);
  return tokenizer.decode([before, ...ids]).slice(tokenizer.decode([before]).length);
}

/** The context as a window on a text of any length: when it is full, its later half is read again from its start. */
function slidingWindow(decoder: Decoder): Pick<DecoderSequence, "read" | "close"> {
  const sequence = decoder.createSequence();
  let inWindow: number[] = [];
  return {
    read(ids, signal) {
      inWindow.push(...ids);
      if (inWindow.length <= decoder.contextTokens) return sequence.read(ids, signal);
      inWindow = inWindow.slice(-Math.floor(decoder.contextTokens / 2));
      sequence.truncate(0);
      return sequence.read(inWindow, signal);
    },
    close: sequence.close,
  };
}

/** Whether text may end in the middle of a character; bytes that are no UTF-8 at all are let go after four. */
function isIncomplete(text: string): boolean {
  return text.endsWith("\uFFFD") && !text.endsWith("\uFFFD".repeat(4));
}
