/**
 * Samples as batches of tokens: continuations laid end to end and cut into windows, instructions packed side by side, or
 * each in a row of its own among rows of about its length. Batches are a pure function of the step, and every epoch has
 * another order.
 */

import type { LanguageModels, TokenBatch } from "../contracts/models.ts";
import type { InstructionRow } from "../contracts/training.ts";
import { createRandom } from "../core/random.ts";
import { chooseRowShape } from "./row-shape.ts";
import {
  type BatchShape,
  countedOf,
  cutTo,
  packBestFit,
  type Row,
  rowLength,
  type Sequence,
  toBatch,
  toRow,
} from "./token-rows.ts";

/** What turns text into tokens, for training as for serving. */
export type Wording = Pick<LanguageModels, "tokenizer" | "chatTemplate">;

export interface TrainingBatches {
  /** Batches that make one pass over the data, with a fraction where rows flow from one epoch into the next. */
  readonly batchesPerEpoch: number;
  /** Rows of every batch. */
  readonly batch: number;
  /** Tokens of a row in each kind of batch, the longest last. */
  readonly times: readonly number[];
  /** Share of the batches' tokens that are not padding. */
  readonly filledFraction: number;
  readonly skipped: SkippedRows;
  /** The `batchesPerStep` batches of a step, counted from 0; weights over all of them sum to 1. */
  at(step: number): TokenBatch[];
}

/** Rows of the dataset that are not trained on, or not wholly, by why. */
export interface SkippedRows {
  /** Too long: the end of the answer is cut off. */
  readonly cut: number;
  /** So long that hardly the answer's beginning is left. */
  readonly tooLong: number;
  /** Without an answer. */
  readonly empty: number;
}

/** `time` is the longest sample, and `batch` x `time` are the most tokens of a batch: packed rows may be fewer and longer. */
export interface BatchOptions extends BatchShape {
  readonly wording: Wording;
  readonly seed: number;
  /** Gradient accumulation. Default 1. */
  readonly batchesPerStep?: number;
  /** Several samples in a row. Default true. */
  readonly packing?: boolean;
  /** Of a packed row. Default: as long as a sample. */
  readonly maxRowTokens?: number;
}

/** Batches over the samples, without end. */
export function createTrainingBatches(samples: readonly InstructionRow[], options: BatchOptions): TrainingBatches {
  const { seed, batchesPerStep = 1, packing = true, maxRowTokens = options.time } = options;
  const { continuations, instructions, skipped } = toSequences(samples, options);
  const { bosId } = options.wording.tokenizer;
  const { batch, time } = packing ? chooseRowShape(instructions.map(rowLength), options, maxRowTokens) : options;
  const rowsOf = packing
    ? packBestFit(instructions.map(rowLength), time).map((bin) => toRow(bin.flatMap((i) => instructions[i] ?? [])))
    : instructions.map((sequence) => toRow([sequence]));
  const shuffled = (epoch: number): Row[] => {
    const random = createRandom(seed + epoch);
    return random.shuffle([...cutStream(random.shuffle(continuations), time, bosId), ...rowsOf]);
  };
  const source = packing ? streamOfRows(shuffled, { batch, time }) : bucketsOfRows(shuffled, { batch, time });
  return {
    ...source,
    batch,
    skipped,
    at(step) {
      const parts = Array.from({ length: batchesPerStep }, (_, part) => source.batchAt(step * batchesPerStep + part));
      const total = parts.reduce((sum, { rows }) => sum + rows.reduce((count, row) => count + countedOf(row), 0), 0);
      return parts.map((part) => toBatch(part.rows, { batch, time: part.time }, 1 / total));
    },
  };
}

/** What batches for evaluation are made by. */
export interface EvaluationOptions extends BatchShape {
  readonly wording: Wording;
  readonly maxRows: number;
  /** Tokens of a sample at most. Default: those of a row. */
  readonly maxSampleTokens?: number;
}

/** Every row of the samples once, in order, the last batch filled with rows that count for nothing; weights are 0 or 1. */
export function createEvaluationBatches(
  samples: readonly InstructionRow[],
  { batch, time, wording, maxRows, maxSampleTokens = time }: EvaluationOptions,
): TokenBatch[] {
  const { continuations, instructions } = toSequences(samples, { time: maxSampleTokens, wording });
  const packed = packBestFit(instructions.map(rowLength), time);
  const rows = [
    ...cutStream(continuations, time, wording.tokenizer.bosId),
    ...packed.map((bin) => toRow(bin.flatMap((i) => instructions[i] ?? []))),
  ].slice(0, maxRows);
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) =>
    toBatch(rows.slice(index * batch, (index + 1) * batch), { batch, time }, 1),
  );
}

/** A prompt and its answer as they are written for the model, the answer's end mark after it. */
export function toSequence(prompt: string, answer: string, { tokenizer, chatTemplate }: Wording): Sequence {
  const before = chatTemplate.promptIds([{ role: "user", content: prompt }]);
  return { ids: [...before, ...tokenizer.encode(answer), tokenizer.eosId], firstCounted: before.length };
}

function toSequences(samples: readonly InstructionRow[], { time, wording }: { time: number; wording: Wording }) {
  const { tokenizer } = wording;
  const begin = tokenizer.bosId === null ? [] : [tokenizer.bosId];
  const present = samples.filter(({ answer }) => answer.trim() !== "");
  const continuations = present
    .filter(({ instruction }) => instruction === "")
    .map(({ answer }): Sequence => {
      return { ids: [...begin, ...tokenizer.encode(answer), tokenizer.eosId], firstCounted: begin.length };
    });
  const asked = present
    .filter(({ instruction }) => instruction !== "")
    .map(({ instruction, answer }) => toSequence(instruction, answer, wording));
  const instructions = asked.flatMap((sequence) => cutTo(sequence, time) ?? []);
  const skipped = {
    cut: instructions.length - asked.filter((sequence) => rowLength(sequence) <= time).length,
    tooLong: asked.length - instructions.length,
    empty: samples.length - present.length,
  };
  return { continuations, instructions, skipped };
}

/** The sequences end to end, cut into rows of T; the last is shorter. A bos is never counted: nobody asks for it. */
function cutStream(sequences: readonly Sequence[], time: number, bosId: number | null): Row[] {
  const stream = sequences.flatMap(({ ids }) => ids);
  const places = sequences.flatMap(({ ids }) => [...ids.keys()]);
  return Array.from({ length: Math.ceil((stream.length - 1) / time) }, (_, index) => {
    const start = index * time;
    const targets = stream.slice(start + 1, start + 1 + time);
    const [inputs, positions] = [stream, places].map((all) => all.slice(start, start + targets.length)) as [
      number[],
      number[],
    ]; // one piece a list
    return { inputs, targets, positions, counted: targets.map((id) => id !== bosId) };
  });
}

/** Where batches come from: so many an epoch, each some rows of one length. */
interface BatchSource extends Pick<TrainingBatches, "batchesPerEpoch" | "times" | "filledFraction"> {
  batchAt(index: number): { readonly rows: readonly Row[]; readonly time: number };
}

/** Rows one after the other: those of a new order follow the last rows of an epoch in the same batch. */
function streamOfRows(rowsOf: (epoch: number) => Row[], { batch, time }: BatchShape): BatchSource {
  const rowAt = byEpoch(rowsOf);
  const rows = rowsOf(0);
  return {
    batchesPerEpoch: rows.length / batch,
    times: [time],
    filledFraction: filledFraction([{ rows, tokens: rows.length * time }]),
    batchAt: (index) => ({ rows: Array.from({ length: batch }, (_, row) => rowAt(index * batch + row)), time }),
  };
}

const BUCKET_COUNT = 3;
const BUCKET_STEP = 8;
const MIN_BUCKET_TOKENS = 16;

/** Batches of rows of about one length: as long as the longest row, half of it, and a quarter. */
function bucketsOfRows(rowsOf: (epoch: number) => Row[], { batch, time }: BatchShape): BatchSource {
  const longest = rowsOf(0).reduce((most, { inputs }) => Math.max(most, inputs.length), 1);
  const top = Math.min(time, BUCKET_STEP * Math.ceil(longest / BUCKET_STEP));
  const wanted = Array.from({ length: BUCKET_COUNT }, (_, i) => Math.ceil(top / 2 ** i));
  const times = wanted.filter((each) => each === top || each >= MIN_BUCKET_TOKENS).reverse();
  const batchesOf = (epoch: number) => {
    const buckets = Map.groupBy(rowsOf(epoch), ({ inputs }) => times.find((each) => inputs.length <= each) ?? top);
    const batches = [...buckets].flatMap(([bucketTime, rows]) =>
      Array.from({ length: Math.ceil(rows.length / batch) }, (_, i) => ({
        rows: rows.slice(i * batch, (i + 1) * batch),
        time: bucketTime,
      })),
    );
    return createRandom(epoch).shuffle(batches);
  };
  const first = batchesOf(0);
  return {
    batchesPerEpoch: first.length,
    times: times.filter((each) => first.some((one) => one.time === each)),
    filledFraction: filledFraction(first.map(({ rows, time: width }) => ({ rows, tokens: batch * width }))),
    batchAt: byEpoch(batchesOf),
  };
}

/** Looks up the items of endless epochs by one running index; the epoch that was asked for last is remembered. */
function byEpoch<T>(itemsOf: (epoch: number) => readonly T[]): (index: number) => T {
  const { length } = itemsOf(0);
  let known = { epoch: 0, items: itemsOf(0) };
  return (index) => {
    const epoch = Math.floor(index / length);
    if (epoch !== known.epoch) known = { epoch, items: itemsOf(epoch) };
    return known.items[index % length] as T; // epochs are equally long
  };
}

function filledFraction(batches: readonly { rows: readonly Row[]; tokens: number }[]): number {
  const real = batches.reduce((sum, { rows }) => sum + rows.reduce((count, { inputs }) => count + inputs.length, 0), 0);
  return real / batches.reduce((sum, { tokens }) => sum + tokens, 0);
}
