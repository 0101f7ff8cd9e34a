/**
 * Preference pairs as batches of tokens: both answers of each pair, packed with others in rows, and the place where each
 * answer's tokens stand, so that their log-probabilities can be summed and their weights be set.
 */

import type { TokenBatch, TrainableModel } from "../contracts/models.ts";
import type { PreferenceRow } from "../contracts/training.ts";
import { createRandom } from "../core/random.ts";
import type { PairLogps } from "./dpo-loss.ts";
import { type SkippedRows, toSequence, type Wording } from "./fine-tune-batches.ts";
import { type BatchShape, cutTo, packBestFit, rowLength, type Sequence, toBatch, toRow } from "./token-rows.ts";

/** Both answers after the prompt. */
export interface TokenPair {
  readonly id: string;
  readonly chosen: Sequence;
  readonly rejected: Sequence;
}

/** The pairs in rows of `time` tokens: answers that are too long are cut at their end, where enough of them is left. */
export function toTokenPairs(
  rows: readonly PreferenceRow[],
  { wording, time }: { readonly wording: Wording; readonly time: number },
): { readonly pairs: TokenPair[]; readonly skipped: SkippedRows } {
  const present = rows.filter(({ chosen, rejected }) => chosen.trim() !== "" && rejected.trim() !== "");
  let cut = 0;
  const pairs = present.flatMap(({ id, prompt, ...answers }) => {
    const whole = [answers.chosen, answers.rejected].map((answer) => toSequence(prompt, answer, wording));
    const [chosen, rejected] = whole.map((sequence) => cutTo(sequence, time));
    if (!chosen || !rejected) return [];
    if (whole.some((sequence) => rowLength(sequence) > time)) cut++;
    return [{ id, chosen, rejected }];
  });
  const skipped = { cut, tooLong: present.length - pairs.length, empty: rows.length - present.length };
  return { pairs, skipped };
}

/** An answer's targets: from `from` to before `to` of a batch's flat arrays. */
interface Place {
  readonly batch: number;
  readonly from: number;
  readonly to: number;
}

/** Pairs in batches whose weights are all 0. */
export interface PairBatches {
  readonly batches: readonly TokenBatch[];
  /** By pair. */
  readonly places: readonly { readonly chosen: Place; readonly rejected: Place }[];
}

/** Both answers of each pair in as few rows as there can be, or without packing each in its own. */
export function toPairBatches(
  pairs: readonly TokenPair[],
  { batch, time, packing }: BatchShape & { readonly packing: boolean },
): PairBatches {
  const sequences = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const bins = packing ? packBestFit(sequences.map(rowLength), time) : sequences.map((_, index) => [index]);
  const places: Place[] = [];
  bins.forEach((bin, row) => {
    let at = (row % batch) * time;
    for (const index of bin) {
      const sequence = sequences[index] as Sequence; // the bins are of these
      const to = at + rowLength(sequence);
      places[index] = { batch: Math.floor(row / batch), from: at + sequence.firstCounted - 1, to };
      at = to;
    }
  });
  const rows = bins.map((bin) => toRow(bin.flatMap((index) => sequences[index] ?? [])));
  return {
    batches: Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) =>
      toBatch(rows.slice(index * batch, (index + 1) * batch), { batch, time }, 0),
    ),
    places: pairs.map((_, pair) => ({ chosen: places[2 * pair] as Place, rejected: places[2 * pair + 1] as Place })), // each sequence is in a bin
  };
}

/** The pairs' log-probabilities as the model has them now. */
export async function pairLogps(model: TrainableModel, { batches, places }: PairBatches): Promise<PairLogps[]> {
  const found: Float32Array[] = [];
  for (const batch of batches) found.push((await model.logProbabilities(batch)).slice());
  const sumAt = ({ batch, from, to }: Place): number =>
    (found[batch] ?? new Float32Array()).subarray(from, to).reduce((sum, each) => sum + each, 0);
  return places.map(({ chosen, rejected }) => ({ chosen: sumAt(chosen), rejected: sumAt(rejected) }));
}

/** Gives every token of an answer its share in the loss: a negative one makes it less likely. */
export function setWeights(
  { batches, places }: PairBatches,
  weights: readonly { readonly chosen: number; readonly rejected: number }[],
): void {
  places.forEach((place, pair) => {
    for (const side of ["chosen", "rejected"] as const) {
      const { batch, from, to } = place[side];
      batches[batch]?.weights.fill(weights[pair]?.[side] ?? 0, from, to);
    }
  });
}

/** Tokens of the pairs' chosen answers. */
export function chosenTokens({ places }: PairBatches): number {
  return places.reduce((sum, { chosen: { from, to } }) => sum + to - from, 0);
}

/** The pairs of a step, without end: every epoch has another order. */
export function pairsOfStep(pairs: readonly TokenPair[], { size, seed }: { size: number; seed: number }) {
  let known = { epoch: -1, order: [] as TokenPair[] };
  const pairAt = (index: number): TokenPair => {
    const epoch = Math.floor(index / pairs.length);
    if (epoch !== known.epoch) known = { epoch, order: createRandom(seed + epoch).shuffle(pairs) };
    return known.order[index % pairs.length] as TokenPair; // within an epoch
  };
  return (step: number): TokenPair[] => Array.from({ length: size }, (_, i) => pairAt(step * size + i));
}
