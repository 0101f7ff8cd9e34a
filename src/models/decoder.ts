/**
 * Scores of the next token for sequences that grow, through a key/value cache. Two graphs share the cache's memory: one
 * takes a single token, one a whole piece of a prompt. Both run in threads of their own.
 */

import { openThreadSession, type TensorSession } from "../tensor/index.ts";
import { decoderGraph } from "./decoder-graph.ts";
import { ContextExceededError } from "./errors.ts";
import { headSize, type LlamaConfig } from "./llama-config.ts";
import type { Weights } from "./llama-weights.ts";

/** Tokens of a prompt that are read at once. */
const PIECE = 32;
const HIDDEN = -1e9;

/** One sequence: what it has read so far. */
export interface DecoderSequence {
  /** Tokens read; at most the model's context. */
  readonly length: number;
  /**
   * Reads more tokens and gives the logits [V] after the last of them, in an array of the caller's own. One read at a
   * time.
   *
   * @throws {ContextExceededError} (`context-exceeded`) when the sequence would be longer than the model's context
   */
  read(ids: readonly number[]): Promise<Float32Array>;
}

export interface Decoder {
  readonly contextTokens: number;
  /** Sequences are independent; their reads take turns. */
  createSequence(): DecoderSequence;
  close(): Promise<void>;
}

/** Opens a decoder; `threads` is of one operation. */
export async function openDecoder(config: LlamaConfig, weights: Weights, threads = 2): Promise<Decoder> {
  const slots = config.max_position_embeddings;
  const layout = { planes: 2 * config.num_hidden_layers * config.num_key_value_heads, slots, size: headSize(config) };
  const cache = new Float32Array(new SharedArrayBuffer(4 * layout.planes * slots * layout.size));
  const open = (time: number): Promise<TensorSession> =>
    openThreadSession(decoderGraph(config, weights, time), { threads, inputs: { cache } });
  const [single, piece] = await Promise.all([open(1), open(PIECE)]);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    contextTokens: slots,
    createSequence() {
      const own = new Float32Array(cache.length);
      let length = 0;
      const readPiece = async (ids: readonly number[]): Promise<Float32Array> => {
        const [session, time] = ids.length === 1 ? [single, 1] : [piece, PIECE];
        cache.set(own);
        feed(session, { ids, length, slots, time });
        await session.run();
        keep(session.output("fresh", Float32Array), own, { ...layout, time, count: ids.length, length });
        length += ids.length;
        const logits = session.output("logits", Float32Array);
        return logits.slice((ids.length - 1) * config.vocab_size, ids.length * config.vocab_size);
      };
      return {
        get length() {
          return length;
        },
        async read(ids) {
          if (length + ids.length > slots) throw new ContextExceededError(length + ids.length, slots);
          let logits: Float32Array = new Float32Array();
          for (let start = 0; start < ids.length; start += PIECE) {
            const next = turn.then(() => readPiece(ids.slice(start, start + PIECE)));
            turn = next.catch(() => undefined);
            logits = await next;
          }
          return logits;
        },
      };
    },
    async close() {
      await turn;
      await Promise.all([single.close(), piece.close()]);
    },
  };
}

/** Fills ids (padded with zeros), position and mask: a token sees the cached ones, and the new ones up to itself. */
function feed(
  session: TensorSession,
  { ids, length, slots, time }: { ids: readonly number[]; length: number; slots: number; time: number },
): void {
  session.input("ids", Int32Array).fill(0).set(ids);
  session.input("position", BigInt64Array)[0] = BigInt(length);
  const mask = session.input("mask", Float32Array).fill(HIDDEN);
  const width = slots + time;
  for (let t = 0; t < time; t++) {
    mask.fill(0, t * width, t * width + length);
    mask.fill(0, t * width + slots, t * width + slots + t + 1);
  }
}

/** Copies the new keys and values [planes, time, size] behind what the cache [planes, slots, size] holds. */
function keep(
  fresh: Float32Array,
  cache: Float32Array,
  at: { planes: number; slots: number; size: number; time: number; count: number; length: number },
): void {
  for (let plane = 0; plane < at.planes; plane++) {
    const from = plane * at.time * at.size;
    cache.set(fresh.subarray(from, from + at.count * at.size), (plane * at.slots + at.length) * at.size);
  }
}
