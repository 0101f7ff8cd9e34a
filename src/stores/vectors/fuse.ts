/**
 * One ranking from two. By default a convex combination of the legs' normalised scores: unlike reciprocal ranks it
 * keeps how sure a leg is, and its one weight can be chosen on data. A BM25 score means something only beside the
 * query's best, so it is divided by that. A cosine is a share already, but embedders differ in what unlike texts get, so
 * it is counted from the query's floor: a query that nothing resembles gets little, and is decided by its words.
 *
 * @source Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", §4.1; reciprocal ranks:
 *   Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning"
 */

import type { RankedRow } from "./driver.ts";

/** A rank, counted from 1, and the leg's own score. */
export interface LegScore {
  readonly rank: number;
  readonly score: number;
}

export interface FusedRow {
  /** The engine's name for the row. */
  readonly key: string;
  readonly score: number;
  readonly bm25: LegScore | null;
  readonly dense: LegScore | null;
}

/** How two rankings become one. */
export interface FuseOptions {
  /** Share of the dense leg, 0–1. */
  readonly denseWeight: number;
  /** The cosine that counts nothing, below 1. Default 0. */
  readonly denseFloor?: number;
  /** Reciprocal ranks with this constant, in place of scores; the weight counts there too. */
  readonly rrfK?: number;
}

/** Best first, scores in 0–1; equal scores are ordered by key. A leg that did not find a row counts 0 for it. */
export function fuseRankings(
  bm25: readonly RankedRow[],
  dense: readonly RankedRow[],
  { denseWeight, denseFloor = 0, rrfK }: FuseOptions,
): FusedRow[] {
  const legs = { bm25: rankByKey(bm25), dense: rankByKey(dense) };
  const bestBm25 = bm25[0]?.score || 1;
  const share = {
    bm25: ({ rank, score }: LegScore) => (rrfK === undefined ? score / bestBm25 : (rrfK + 1) / (rrfK + rank)),
    dense: ({ rank, score }: LegScore) =>
      rrfK === undefined ? clamp((score - denseFloor) / (1 - denseFloor)) : (rrfK + 1) / (rrfK + rank),
  };
  return [...new Set([...legs.bm25.keys(), ...legs.dense.keys()])]
    .map((key) => {
      const found = { bm25: legs.bm25.get(key) ?? null, dense: legs.dense.get(key) ?? null };
      const ofWords = found.bm25 ? share.bm25(found.bm25) : 0;
      const ofDense = found.dense ? share.dense(found.dense) : 0;
      return { key, score: (1 - denseWeight) * ofWords + denseWeight * ofDense, ...found };
    })
    .sort(byScore);
}

/** Several rankings of one need as one: a row's score is its best or its mean over all; its ranks are those of the ranking where it fares best. */
export function joinRankings(rankings: readonly (readonly FusedRow[])[], join: "max" | "mean"): FusedRow[] {
  const [only, ...others] = rankings;
  if (only && others.length === 0) return [...only];
  const best = new Map<string, FusedRow>();
  const sums = new Map<string, number>();
  for (const each of rankings.flat()) {
    const { key } = each;
    sums.set(key, (sums.get(key) ?? 0) + each.score);
    const before = best.get(key);
    if (before === undefined || each.score > before.score) best.set(key, each);
  }
  return [...best.values()]
    .map((each) => (join === "max" ? each : { ...each, score: (sums.get(each.key) ?? 0) / rankings.length }))
    .sort(byScore);
}

function byScore(a: FusedRow, b: FusedRow): number {
  return b.score - a.score || (a.key < b.key ? -1 : 1);
}

function rankByKey(rows: readonly RankedRow[]): Map<string, LegScore> {
  return new Map(rows.map(({ key, score }, index) => [key, { rank: index + 1, score }]));
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));
