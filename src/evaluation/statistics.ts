/**
 * Whether a difference is more than chance, and how far a mean can be trusted: resampling, with seeded randomness
 * handed in, so that equal seeds print equal numbers. No distribution is assumed.
 */

import type { Random } from "../core/random.ts";

/** Limits between which a value lies with 95 % confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How resampling is done. */
export interface ResampleOptions {
  readonly random: Random;
  /** Default 10,000. */
  readonly repeats?: number;
}

/** The arithmetic mean; 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The 95 % percentile bootstrap interval of the mean of values that were drawn one by one (queries, documents).
 *
 * @source Efron and Tibshirani 1993, "An Introduction to the Bootstrap", §13.3
 */
export function bootstrapInterval(values: readonly number[], { random, repeats = 10_000 }: ResampleOptions): Interval {
  const means = Float64Array.from({ length: repeats }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[random.integer(values.length)] ?? 0;
    return sum / Math.max(1, values.length);
  }).sort();
  return { low: means[Math.floor(repeats * 0.025)] ?? 0, high: means[Math.ceil(repeats * 0.975) - 1] ?? 0 };
}

/**
 * Two-sided p of the paired randomisation test on the mean difference: how often do random signs on the pairs'
 * differences give a mean as far from 0? Never 0: the observed order counts as one of the draws.
 *
 * @param a  scores of one system, by query
 * @param b  scores of the other, same queries in the same order
 * @source Smucker, Allan and Carterette 2007, "A Comparison of Statistical Significance Tests for IR Evaluation", §3.1
 */
export function pairedRandomisationP(
  a: readonly number[],
  b: readonly number[],
  { random, repeats = 10_000 }: ResampleOptions,
): number {
  // Equal pairs change no sum, whichever sign they get.
  const differences = a.map((value, index) => value - (b[index] ?? 0)).filter((difference) => difference !== 0);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  let asFar = 1;
  for (let repeat = 0; repeat < repeats; repeat++) {
    let sum = 0;
    for (const difference of differences) sum += random.next() < 0.5 ? difference : -difference;
    if (Math.abs(sum) >= observed - 1e-12) asFar++;
  }
  return asFar / (repeats + 1);
}
