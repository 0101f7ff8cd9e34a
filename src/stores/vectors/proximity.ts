/**
 * What BM25 does not see: that words which stand side by side in the query also stand near each other in a chunk.
 * Each pair of neighbours counts like a term of its own, in order and side by side, and in any order within a window of
 * eight; how rare a pair is, is told by the candidates. No engine needs to know positions for it.
 *
 * @source Metzler and Croft 2005, "A Markov Random Field Model for Term Dependencies", §3, sequential dependence; with
 *   BM25's weighting of counts, as in Peng et al. 2007, "Incorporating Term Dependency in the DFR Framework"
 */

import { B, inverseFrequency, K1 } from "./bm25.ts";

/** A candidate's words. */
export interface ProximityRow {
  readonly key: string;
  readonly terms: readonly string[];
}

/** Of a pair side by side and in order, and of one within the window, beside a term's 1; chosen in bench/retrieval.ts. */
const WEIGHTS = { adjacent: 0.2, near: 0.4 };
const WINDOW = 8;

/** What each candidate's BM25 score grows by, on BM25's own scale; candidates that hold no pair are left out. */
export function proximityScores(queryTerms: readonly string[], rows: readonly ProximityRow[]): Map<string, number> {
  const pairs = neighbours(queryTerms);
  const scores = new Map<string, number>();
  if (pairs.length === 0) return scores;
  const wanted = new Set(pairs.flat());
  const meanLength = rows.reduce((sum, { terms }) => sum + terms.length, 0) / Math.max(1, rows.length);
  const counted = rows.map(({ terms }) => countPairs(pairs, positionsOf(terms, wanted)));
  for (const kind of ["adjacent", "near"] as const) {
    for (const pair of pairs.keys()) {
      const holding = counted.filter((counts) => (counts[pair]?.[kind] ?? 0) > 0).length;
      const weight = WEIGHTS[kind] * inverseFrequency(rows.length, holding);
      for (const [row, { key, terms }] of rows.entries()) {
        const count = counted[row]?.[pair]?.[kind] ?? 0;
        if (count === 0) continue;
        const norm = K1 * (1 - B + (B * terms.length) / meanLength);
        scores.set(key, (scores.get(key) ?? 0) + (weight * count * (K1 + 1)) / (count + norm));
      }
    }
  }
  return scores;
}

type Pair = readonly [string, string];

/** Each two terms that follow each other, once. */
function neighbours(terms: readonly string[]): Pair[] {
  const pairs = terms.slice(1).flatMap((term, i): Pair[] => {
    const before = terms[i];
    return before === undefined || before === term ? [] : [[before, term]];
  });
  return [...new Map(pairs.map((pair) => [pair.join(" "), pair])).values()];
}

function positionsOf(terms: readonly string[], wanted: ReadonlySet<string>): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  for (const [position, term] of terms.entries()) {
    if (!wanted.has(term)) continue;
    const known = positions.get(term);
    if (known) known.push(position);
    else positions.set(term, [position]);
  }
  return positions;
}

function countPairs(
  pairs: readonly Pair[],
  positions: ReadonlyMap<string, readonly number[]>,
): { readonly adjacent: number; readonly near: number }[] {
  return pairs.map(([first, second]) => {
    const seconds = positions.get(second) ?? [];
    let [adjacent, near] = [0, 0];
    for (const position of positions.get(first) ?? []) {
      if (seconds.includes(position + 1)) adjacent++;
      if (seconds.some((other) => Math.abs(other - position) <= WINDOW)) near++;
    }
    return { adjacent, near };
  });
}
