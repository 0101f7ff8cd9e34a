/**
 * One ranking from two: a convex combination of the legs' normalised scores. Unlike reciprocal ranks it keeps how
 * sure a leg is, and its one weight can be chosen on data. A BM25 score means something only beside the query's best,
 * so it is divided by that; a cosine is a share already, and a query that nothing resembles gets little from it.
 *
 * @source Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", §4.1
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
  const bestBm25 = bm25[0]?.score || 1;
  const payloads = new Map([...bm25, ...dense].map(({ id, payload }) => [id, payload]));
  return [...payloads]
    .map(([id, payload]) => {
      const words = legs.bm25.get(id) ?? null;
      const vector = legs.dense.get(id) ?? null;
      const score = ((1 - denseWeight) * (words?.score ?? 0)) / bestBm25 + denseWeight * clamp(vector?.score ?? 0);
      return { id, payload, score, bm25: words, dense: vector };
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function rankById(rows: readonly RankedRow[]): Map<string, { rank: number; score: number }> {
  return new Map(rows.map(({ id, score }, index) => [id, { rank: index + 1, score }]));
}

const clamp = (cosine: number): number => Math.min(1, Math.max(0, cosine));
