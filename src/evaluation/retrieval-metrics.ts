/**
 * How good a ranking is, against judged relevance: pure functions of ranked ids and gains.
 * What was not judged counts as not relevant.
 */

/** Document id to gain; 0 or absent is not relevant. */
export type Relevance = ReadonlyMap<string, number>;

/**
 * Normalised discounted cumulative gain of the first `k`, in 0–1; 0 when nothing is relevant.
 *
 * @source Järvelin and Kekäläinen 2002, with the gain itself (not 2^gain) over log2(rank + 1), as trec_eval's ndcg_cut
 */
export function ndcg(ranked: readonly string[], relevance: Relevance, k: number): number {
  const ideal = discounted([...relevance.values()].sort((a, b) => b - a).slice(0, k));
  return ideal === 0 ? 0 : discounted(ranked.slice(0, k).map((id) => relevance.get(id) ?? 0)) / ideal;
}

/** Share of the relevant documents that are among the first `k`; 0 when nothing is relevant. */
export function recall(ranked: readonly string[], relevance: Relevance, k: number): number {
  const relevant = [...relevance].filter(([, gain]) => gain > 0);
  const first = new Set(ranked.slice(0, k));
  return relevant.length === 0 ? 0 : relevant.filter(([id]) => first.has(id)).length / relevant.length;
}

/** One over the rank of the first relevant document; 0 when none of the first `k` is. Its mean over queries is MRR@k. */
export function reciprocalRank(ranked: readonly string[], relevance: Relevance, k: number): number {
  const index = ranked.slice(0, k).findIndex((id) => (relevance.get(id) ?? 0) > 0);
  return index === -1 ? 0 : 1 / (index + 1);
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0);
}
