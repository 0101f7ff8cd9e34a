/**
 * How long the rows are that samples are packed into. Samples of more than half the longest one's length each fill a
 * row of that length alone, and leave the rest of it empty; in rows a little longer two or three of them fit. A batch
 * has as many fewer of those rows, so that it has no more tokens.
 */

import { type BatchShape, packBestFit } from "./token-rows.ts";

/** Share of real tokens that is asked of a batch. */
const FULL_ENOUGH = 0.9;
/** Lengths that are tried between once and twice the longest sample's. */
const LENGTH_COUNT = 8;

/**
 * The shortest rows of `time` to twice `time` tokens that are full enough, or else the fullest: attention takes memory
 * with the square of a row's length.
 *
 * @param lengths  of the samples, none longer than `time`
 * @param shape  what a batch has at most: `batch` x `time` tokens
 * @param longest  what no row may be longer than
 */
export function chooseRowShape(lengths: readonly number[], { batch, time }: BatchShape, longest: number): BatchShape {
  const step = Math.ceil(time / LENGTH_COUNT);
  const times = Array.from({ length: LENGTH_COUNT }, (_, index) => time + (index + 1) * step);
  const real = lengths.reduce((sum, length) => sum + length, 0);
  const filled = (rowTime: number): number => real / (packBestFit(lengths, rowTime).length * rowTime);
  let best = { time, filled: lengths.length === 0 ? 1 : filled(time) };
  for (const rowTime of times.filter((each) => each <= Math.min(longest, batch * time))) {
    if (best.filled >= FULL_ENOUGH) break;
    const found = filled(rowTime);
    if (found > best.filled) best = { time: rowTime, filled: found };
  }
  return { batch: Math.floor((batch * time) / best.time), time: best.time };
}
