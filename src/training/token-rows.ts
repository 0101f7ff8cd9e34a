/**
 * Rows of tokens: sequences side by side in rows of one length, each with positions of its own, so that none attends to
 * its neighbours; and rows as the arrays of a batch.
 */

import type { TokenBatch } from "../contracts/models.ts";

/** Tokens in order: what comes before `firstCounted` is read, what comes after it is learnt. */
export interface Sequence {
  readonly ids: readonly number[];
  /** Index of the first id that has a share in the loss: behind bos and the prompt. */
  readonly firstCounted: number;
}

/**
 * Tokens to predict in one row: `targets` follow `inputs`; `counted` says which of them have a share in the loss.
 * `positions` count each sequence's tokens from 0.
 */
export interface Row {
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly positions: readonly number[];
  readonly counted: readonly boolean[];
}

export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/** Tokens that a sequence takes in a row: its last is only ever a target. */
export function rowLength({ ids }: Sequence): number {
  return ids.length - 1;
}

/** Fewer tokens of an answer than these would teach how answers begin, and nothing else. */
const MIN_ANSWER_TOKENS = 8;

/** The sequence with at most `time` tokens in a row, its end cut off; nothing where hardly any of the answer is left. */
export function cutTo(sequence: Sequence, time: number): Sequence | undefined {
  const { ids, firstCounted } = sequence;
  if (rowLength(sequence) <= time) return sequence;
  return time + 1 - firstCounted < MIN_ANSWER_TOKENS ? undefined : { ids: ids.slice(0, time + 1), firstCounted };
}

/** Sequences side by side in one row. */
export function toRow(sequences: readonly Sequence[]): Row {
  return {
    inputs: sequences.flatMap(({ ids }) => ids.slice(0, -1)),
    targets: sequences.flatMap(({ ids }) => ids.slice(1)),
    positions: sequences.flatMap((sequence) => [...Array(rowLength(sequence)).keys()]),
    counted: sequences.flatMap(({ ids, firstCounted }) => ids.slice(1).map((_, index) => index + 1 >= firstCounted)),
  };
}

/**
 * Bins of at most `capacity`, as indices of `lengths`: the longest first, each into the fullest bin that has room.
 *
 * @source best-fit decreasing; Ding et al., "Fewer Truncations Improve Language Modeling" (2024), §3
 */
export function packBestFit(lengths: readonly number[], capacity: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  const bins: number[][] = [];
  /** Indices of bins by the room they have; a new one has all of it. */
  const byRoom: number[][] = Array.from({ length: capacity + 1 }, () => []);
  for (const index of order) {
    const length = lengths[index] ?? 0;
    let room = length;
    while (room < capacity && byRoom[room]?.length === 0) room++;
    const bin = byRoom[room]?.pop() ?? bins.push([]) - 1;
    bins[bin]?.push(index);
    byRoom[room - length]?.push(bin);
  }
  return bins;
}

/** Rows as arrays [batch, time], padded with zeros that have no share; every counted target has the share `weight`. */
export function toBatch(rows: readonly Row[], { batch, time }: BatchShape, weight: number): TokenBatch {
  const inputs = new Int32Array(batch * time);
  const targets = new Int32Array(batch * time);
  const positions = new Int32Array(batch * time);
  const weights = new Float32Array(batch * time);
  rows.forEach((row, index) => {
    const start = index * time;
    inputs.set(row.inputs, start);
    targets.set(row.targets, start);
    positions.set(row.positions, start);
    for (const [column, counts] of row.counted.entries()) weights[start + column] = counts ? weight : 0;
  });
  return { batch, time, inputs, targets, positions, weights };
}

/** Targets with a share in the loss. */
export function countedOf({ counted }: Row): number {
  return counted.filter(Boolean).length;
}
