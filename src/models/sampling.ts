/** From the scores of the next token to one token: greedy, or drawn by temperature and nucleus. */

import type { Random } from "../core/random.ts";

export interface SamplingOptions {
  /** Divides the logits; 0 takes the best token. */
  readonly temperature: number;
  /** Draws only from the fewest tokens whose probabilities sum to this; 1 draws from all. */
  readonly topP: number;
  /** At least 1: makes tokens of `recentIds` less likely. 1 changes nothing. */
  readonly repetitionPenalty: number;
}

/**
 * The id of the next token. `logits` is changed in place; equal states of `random` give equal ids.
 *
 * @source repetition penalty: Keskar et al. 2019, "CTRL", §4.1; nucleus: Holtzman et al. 2020, §3.1
 */
export function sampleToken(
  logits: Float32Array,
  { temperature, topP, repetitionPenalty }: SamplingOptions,
  { random, recentIds }: { random: Random; recentIds: Iterable<number> },
): number {
  for (const id of new Set(recentIds)) {
    const logit = logits[id] ?? 0;
    logits[id] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
  }
  return temperature > 0 ? drawFromNucleus(logits, temperature, topP, random) : indexOfLargest(logits);
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

function drawFromNucleus(logits: Float32Array, temperature: number, topP: number, random: Random): number {
  const peak = logits[indexOfLargest(logits)] ?? 0;
  const shares = logits.map((logit) => Math.exp((logit - peak) / temperature));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const order = Uint32Array.from(shares.keys()).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b);
  let [size, mass] = [0, 0];
  while (size < order.length && (size === 0 || mass < topP * total)) mass += shares[order[size++] ?? 0] ?? 0;
  let rest = random.next() * mass;
  for (const id of order.subarray(0, size)) {
    rest -= shares[id] ?? 0;
    if (rest < 0) return id;
  }
  return order[size - 1] ?? 0;
}
