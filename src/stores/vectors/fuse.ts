/**
 * One ranking from two: a convex combination of the legs' normalised scores. Unlike reciprocal ranks it keeps how
 * sure a leg is, and its one weight can be chosen on data.
 *
 * @source Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", eq. 3: scores are divided
 *   by the leg's best after subtracting the least that they can be (0 for BM25; 0 for the cosines of a search)
 */

import type { RankedRow } from "./driver.ts";

export interface FusedRow {
  readonly id: string;
  readonly payload: string;
  readonly score: number;
  readonly bm25: { readonly rank: number; readonly score: number } | null;
  readonly dense: { readonly rank: number; readonly score: number } | null;
}

/** Best first; equal scores are ordered by id. A leg that did not find a row counts 0 for it. */
export function fuseRankings(bm25: readonly RankedRow[], dense: readonly RankedRow[], denseWeight: number): FusedRow[] {
  const legs = { bm25: rankById(bm25), dense: rankById(dense) };
  const best = { bm25: bm25[0]?.score ?? 0, dense: dense[0]?.score ?? 0 };
  const payloads = new Map([...bm25, ...dense].map(({ id, payload }) => [id, payload]));
  return [...payloads]
    .map(([id, payload]) => {
      const words = legs.bm25.get(id) ?? null;
      const vector = legs.dense.get(id) ?? null;
      const score =
        (1 - denseWeight) * normalise(words?.score, best.bm25) + denseWeight * normalise(vector?.score, best.dense);
      return { id, payload, score, bm25: words, dense: vector };
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function rankById(rows: readonly RankedRow[]): Map<string, { rank: number; score: number }> {
  return new Map(rows.map(({ id, score }, index) => [id, { rank: index + 1, score }]));
}

const normalise = (score = 0, best: number): number => (best > 0 ? Math.max(0, score) / best : 0);
