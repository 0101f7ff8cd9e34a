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
  let total = 0;
  for (const share of shares) total += share;
  // All that is smaller, together, is less than what the nucleus leaves out: only the rest needs an order. The best has 1.
  const least = Math.min(1, ((1 - topP) * total) / shares.length);
  const order = new Uint32Array(shares.length);
  let count = 0;
  for (let id = 0; id < shares.length; id++) if ((shares[id] ?? 0) >= least) order[count++] = id;
  const candidates = order.subarray(0, count).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b);
  let [size, mass] = [0, 0];
  while (size < count && (size === 0 || mass < topP * total)) mass += shares[candidates[size++] ?? 0] ?? 0;
  let rest = random.next() * mass;
  for (const id of candidates.subarray(0, size)) {
    rest -= shares[id] ?? 0;
    if (rest < 0) return id;
  }
  return candidates[size - 1] ?? 0;
}
