/**
 * The keys and values of sequences, in pools: sequences with equal room lie side by side in one, so that neighbours can
 * be read on together without a copy. A sequence that outgrows its room moves to the next pool, of twice as much.
 * Letters: L lanes of a pool, K key/value heads, S slots, P head size.
 */

import { Tensor } from "onnxruntime-node";
import type { DecoderModel } from "./decoder-graph.ts";

const FIRST_SLOTS = 256;

/** Where a sequence is. */
export interface Lane {
  readonly pool: Pool;
  readonly lane: number;
}

/** Keeps lanes without gaps: of what a pool holds, the first lanes are taken. */
export class Caches {
  readonly #cache: DecoderModel["cache"];
  readonly #contextTokens: number;
  readonly #pools = new Map<number, Pool>();

  constructor({ cache, contextTokens }: Pick<DecoderModel, "cache" | "contextTokens">) {
    this.#cache = cache;
    this.#contextTokens = contextTokens;
  }

  /** The lane of a sequence, with room for `end` tokens and the first `past` of what it held. */
  laneFor(sequence: number, past: number, end: number): Lane {
    const known = this.#find(sequence);
    if (known && known.pool.slots >= end) return known;
    let slots = known?.pool.slots ?? FIRST_SLOTS;
    while (slots < end) slots *= 2;
    slots = Math.min(slots, Math.max(end, this.#contextTokens));
    const pool = this.#pools.get(slots) ?? new Pool(this.#cache, slots);
    this.#pools.set(slots, pool);
    const lane = pool.add(sequence);
    if (known) {
      pool.copy(known, lane, past);
      this.#remove(known);
    }
    return { pool, lane };
  }

  drop(sequence: number): void {
    const known = this.#find(sequence);
    if (known) this.#remove(known);
  }

  #find(sequence: number): Lane | undefined {
    for (const pool of this.#pools.values()) {
      const lane = pool.sequences.indexOf(sequence);
      if (lane >= 0) return { pool, lane };
    }
    return undefined;
  }

  #remove({ pool, lane }: Lane): void {
    pool.remove(lane);
    if (pool.sequences.length === 0) this.#pools.delete(pool.slots);
  }
}

/** Sequences with equal room. */
export class Pool {
  readonly slots: number;
  /** By lane. */
  readonly sequences: number[] = [];
  readonly #cache: DecoderModel["cache"];
  #capacity = 1;
  /** By the names of the model's inputs without `past.`: `N.key` and `N.value`; [L, K, S, P]. */
  readonly #values = new Map<string, Float32Array>();

  constructor(cache: DecoderModel["cache"], slots: number) {
    this.#cache = cache;
    this.slots = slots;
    for (let layer = 0; layer < cache.layers; layer++) {
      for (const side of ["key", "value"]) this.#values.set(`${layer}.${side}`, new Float32Array(this.#laneSize));
    }
  }

  /** The keys and values of `count` lanes, by name; what is written into them stays. */
  tensors(lane: number, count: number): ReadonlyMap<string, Tensor> {
    const shape = [count, this.#cache.heads, this.slots, this.#cache.size];
    const [from, to] = [lane * this.#laneSize, (lane + count) * this.#laneSize];
    return new Map(
      [...this.#values].map(([name, all]) => [name, new Tensor("float32", all.subarray(from, to), shape)]),
    );
  }

  /** A lane behind the others. */
  add(sequence: number): number {
    if (this.sequences.length === this.#capacity) {
      this.#capacity *= 2;
      for (const [name, old] of this.#values) {
        const grown = new Float32Array(this.#capacity * this.#laneSize);
        grown.set(old);
        this.#values.set(name, grown);
      }
    }
    return this.sequences.push(sequence) - 1;
  }

  /** Copies the first tokens of another pool's lane. */
  copy(from: Lane, lane: number, tokens: number): void {
    const { heads, size } = this.#cache;
    for (const [name, values] of this.#values) {
      const source = from.pool.#values.get(name) ?? new Float32Array();
      for (let head = 0; head < heads; head++) {
        const start = (from.lane * heads + head) * from.pool.slots * size;
        values.set(source.subarray(start, start + tokens * size), (lane * heads + head) * this.slots * size);
      }
    }
  }

  /** Gives a lane back; the last one takes its place. */
  remove(lane: number): void {
    const last = this.sequences.length - 1;
    const moved = this.sequences.pop();
    if (lane === last || moved === undefined) return;
    this.sequences[lane] = moved;
    const size = this.#laneSize;
    for (const values of this.#values.values()) values.copyWithin(lane * size, last * size, (last + 1) * size);
  }

  get #laneSize(): number {
    return this.#cache.heads * this.slots * this.#cache.size;
  }
}
