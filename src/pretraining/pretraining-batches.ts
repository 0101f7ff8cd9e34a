/** A packed corpus as batches: windows in a seeded order, a pure function of the step. */

import type { TokenBatch } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { TooFewTokensError } from "./errors.ts";

/** What batches are made of. */
export interface WindowOptions {
  readonly ids: Uint16Array;
  /** Where a document begins; null: windows are one sequence each. */
  readonly bosId: number | null;
  readonly batch: number;
  readonly time: number;
}

/** Batches over the whole corpus: step s takes the next windows, and each epoch has another order. */
export function trainingWindows(
  options: WindowOptions & { readonly batchesPerStep: number; readonly seed: number },
): (step: number) => TokenBatch[] {
  const { ids, batch, time, batchesPerStep, seed } = options;
  const count = Math.floor((ids.length - 1) / time);
  if (count < batch) throw new TooFewTokensError("training", ids.length, batch * time + 1);
  const orderOf = (epoch: number): number[] =>
    createRandom(seed + epoch).shuffle(Array.from({ length: count }, (_, i) => i * time));
  let known = { epoch: 0, order: orderOf(0) };
  const startAt = (index: number): number => {
    const epoch = Math.floor(index / count);
    if (epoch !== known.epoch) known = { epoch, order: orderOf(epoch) };
    return known.order[index % count] ?? 0;
  };
  const share = 1 / (batch * batchesPerStep * time);
  return (step) =>
    Array.from({ length: batchesPerStep }, (_, part) => {
      const first = (step * batchesPerStep + part) * batch;
      const starts = Array.from({ length: batch }, (_, row) => startAt(first + row));
      return windows(options, starts, share);
    });
}

/** At most `count` windows, spread evenly over the corpus; the weights of each batch sum to 1. */
export function evaluationWindows(options: WindowOptions & { readonly count: number }): TokenBatch[] {
  const { ids, batch, time } = options;
  const available = Math.floor((ids.length - 1) / time);
  if (available < 1) throw new TooFewTokensError("held-out", ids.length, time + 1);
  const batches = Math.max(1, Math.floor(Math.min(options.count, available) / batch));
  const stride = Math.floor((ids.length - time - 1) / (batches * batch));
  return Array.from({ length: batches }, (_, i) =>
    windows(
      options,
      Array.from({ length: batch }, (_, row) => (i * batch + row) * stride),
      1 / (batch * time),
    ),
  );
}

/** A batch of the windows that begin at `starts`, every token with the same share. */
function windows({ ids, bosId, time }: WindowOptions, starts: readonly number[], share: number): TokenBatch {
  const size = starts.length * time;
  const [inputs, targets, positions] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)];
  starts.forEach((start, row) => {
    inputs.set(ids.subarray(start, start + time), row * time);
    targets.set(ids.subarray(start + 1, start + time + 1), row * time);
    let position = 0;
    for (let i = row * time; i < (row + 1) * time; i++) {
      if (inputs[i] === bosId) position = 0;
      positions[i] = position++;
    }
  });
  return { batch: starts.length, time, inputs, targets, positions, weights: new Float32Array(size).fill(share) };
}
