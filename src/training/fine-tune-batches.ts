/**
 * Samples as batches of tokens: continuations laid end to end and cut into windows, instructions packed whole.
 * Batches are a pure function of the step, and every epoch has another order.
 * Letters: B rows of a batch, T tokens of a row.
 */

import type { TokenBatch, Tokenizer } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { chatTemplate } from "../text/index.ts";
import type { Sample } from "./datasets/index.ts";

/**
 * Tokens to predict in one row: `targets` follow `inputs`; `counted` says which of them have a share in the loss.
 * `positions` count each sequence's tokens from 0.
 */
interface Row {
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly positions: readonly number[];
  readonly counted: readonly boolean[];
}

/** One sample as bos (where the model has one), text, eos. */
interface Sequence {
  readonly ids: readonly number[];
  /** Index of the first id that has a share in the loss: behind bos and the prompt. */
  readonly firstCounted: number;
}

export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

export interface TrainingBatches {
  /** Rows that make one pass over the data. */
  readonly rowsPerEpoch: number;
  /** Instruction samples longer than a row, which were left out. */
  readonly droppedCount: number;
  /** The `batchesPerStep` batches of a step, counted from 0; weights over all of them sum to 1. */
  at(step: number): TokenBatch[];
}

export interface BatchOptions extends BatchShape {
  readonly tokenizer: Tokenizer;
  readonly seed: number;
  /** Gradient accumulation. Default 1. */
  readonly batchesPerStep?: number;
}

/** Batches over the samples, without end: rows of a new order follow the last rows of an epoch in the same batch. */
export function createTrainingBatches(samples: readonly Sample[], options: BatchOptions): TrainingBatches {
  const { batch, time, tokenizer, seed, batchesPerStep = 1 } = options;
  const { continuations, instructions, droppedCount } = toSequences(samples, tokenizer, time);
  const packed = packWhole(instructions, time);
  const rowsOf = (epoch: number): Row[] => {
    const random = createRandom(seed + epoch);
    return random.shuffle([...cutStream(random.shuffle(continuations), time, tokenizer.bosId), ...packed]);
  };
  let known = { epoch: 0, rows: rowsOf(0) };
  const rowsPerEpoch = known.rows.length;
  const rowAt = (index: number): Row | undefined => {
    const epoch = Math.floor(index / rowsPerEpoch);
    if (epoch !== known.epoch) known = { epoch, rows: rowsOf(epoch) };
    return known.rows[index % rowsPerEpoch];
  };
  return {
    rowsPerEpoch,
    droppedCount,
    at(step) {
      const size = batch * batchesPerStep;
      const rows = Array.from({ length: size }, (_, row) => rowAt(step * size + row)).filter(
        (row) => row !== undefined,
      );
      const total = rows.reduce((sum, row) => sum + countedOf(row), 0);
      return Array.from({ length: batchesPerStep }, (_, part) =>
        toBatch(rows.slice(part * batch, (part + 1) * batch), { batch, time }, 1 / total),
      );
    },
  };
}

/** Every row of the samples once, in order, the last batch filled with rows that count for nothing; weights are 0 or 1. */
export function createEvaluationBatches(
  samples: readonly Sample[],
  { batch, time, tokenizer, maxRows }: BatchShape & { readonly tokenizer: Tokenizer; readonly maxRows: number },
): TokenBatch[] {
  const { continuations, instructions } = toSequences(samples, tokenizer, time);
  const rows = [...cutStream(continuations, time, tokenizer.bosId), ...packWhole(instructions, time)].slice(0, maxRows);
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) =>
    toBatch(rows.slice(index * batch, (index + 1) * batch), { batch, time }, 1),
  );
}

function toSequences(samples: readonly Sample[], tokenizer: Tokenizer, time: number) {
  const sequences = samples.map(({ form, instruction, answer }) => {
    const asked = form !== "continuation";
    const prompt = asked ? tokenizer.encode(chatTemplate.prompt([{ role: "user", content: instruction }])) : [];
    const begin = tokenizer.bosId === null ? [] : [tokenizer.bosId];
    const ids = [...begin, ...prompt, ...tokenizer.encode(answer), tokenizer.eosId];
    return { asked, ids, firstCounted: begin.length + prompt.length };
  });
  const instructions = sequences.filter(({ asked, ids }) => asked && ids.length <= time + 1);
  const continuations = sequences.filter(({ asked }) => !asked);
  return { continuations, instructions, droppedCount: sequences.length - continuations.length - instructions.length };
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

/** Whole sequences side by side in rows, the next one into the first row with room. */
function packWhole(sequences: readonly Sequence[], time: number): Row[] {
  const rows: Row[] = [];
  for (const { ids, firstCounted } of sequences) {
    const [inputs, targets] = [ids.slice(0, -1), ids.slice(1)];
    const positions = [...inputs.keys()];
    const counted = targets.map((_, index) => index + 1 >= firstCounted);
    const index = rows.findIndex((row) => row.inputs.length + inputs.length <= time);
    const row = rows[index];
    if (row === undefined) rows.push({ inputs, targets, positions, counted });
    else {
      rows[index] = {
        inputs: [...row.inputs, ...inputs],
        targets: [...row.targets, ...targets],
        positions: [...row.positions, ...positions],
        counted: [...row.counted, ...counted],
      };
    }
  }
  return rows;
}

/** Rows as arrays [B, T], padded with zeros that have no share. */
function toBatch(rows: readonly Row[], { batch, time }: BatchShape, weight: number): TokenBatch {
  const inputs = new Int32Array(batch * time);
  const targets = new Int32Array(batch * time);
  const positions = new Int32Array(batch * time);
  const weights = new Float32Array(batch * time);
  rows.forEach((row, index) => {
    inputs.set(row.inputs, index * time);
    targets.set(row.targets, index * time);
    positions.set(row.positions, index * time);
    weights.set(
      row.counted.map((counts) => (counts ? weight : 0)),
      index * time,
    );
  });
  return { batch, time, inputs, targets, positions, weights };
}

function countedOf({ counted }: Row): number {
  return counted.filter(Boolean).length;
}
