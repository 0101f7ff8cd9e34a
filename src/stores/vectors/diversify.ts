/**
 * Maximal marginal relevance: each next hit is the one that is relevant and unlike those already taken.
 *
 * @source Carbonell and Goldstein 1998, "The Use of MMR, Diversity-Based Reranking for Reordering Documents"
 */

/** What is chosen from, best first. */
export interface Relevant {
  readonly score: number;
  readonly row: { readonly id: string; readonly vector?: Float32Array };
}

/**
 * The first `limit` rows by `(1 − diversity) · score − diversity · nearest cosine to a row already taken`. Scores are
 * taken as shares of the best; a row without a vector resembles nothing.
 */
export function diversify<T extends Relevant>(
  rows: readonly T[],
  { limit, diversity }: { readonly limit: number; readonly diversity: number },
): T[] {
  const best = rows[0]?.score || 1;
  const left = rows.map((each) => ({ each, nearest: 0 }));
  const taken: T[] = [];
  while (taken.length < limit && left.length > 0) {
    const value = ({ each, nearest }: (typeof left)[number]): number =>
      (1 - diversity) * (each.score / best) - diversity * nearest;
    let choice = 0;
    for (const [index, candidate] of left.entries()) {
      const current = left[choice];
      if (current && value(candidate) > value(current)) choice = index;
    }
    const [chosen] = left.splice(choice, 1);
    if (chosen === undefined) break;
    taken.push(chosen.each);
    for (const candidate of left) {
      candidate.nearest = Math.max(candidate.nearest, cosine(candidate.each.row.vector, chosen.each.row.vector));
    }
  }
  return taken;
}

/** Vectors are of unit length, or zeros. */
function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
