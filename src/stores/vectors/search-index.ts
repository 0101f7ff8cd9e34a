/**
 * A search over one generation: both legs of every wording from the engine, then in our code the pairs of words, the
 * fusion, the joining of wordings and the diversity, so that every engine ranks alike.
 */

import { Chunk } from "../../contracts/features.ts";
import type { SearchHit, SearchQuery, SearchWording } from "../../contracts/vectors.ts";
import { parseWith } from "../../core/schema.ts";
import { searchTerms } from "../../text/index.ts";
import { diversify } from "./diversify.ts";
import type { RankedRow, RankOptions, VectorDriver } from "./driver.ts";
import { SearchQueryError } from "./errors.ts";
import { type FusedRow, fuseRankings, joinRankings } from "./fuse.ts";
import type { Pointer } from "./pointer.ts";
import { proximityScores } from "./proximity.ts";
import { toRowFilter } from "./search-filter.ts";

/**
 * Share of the dense leg where a query does not say.
 *
 * Between the weights that nested cross-validation over judged questions chose (bench/retrieval.ts).
 */
export const DEFAULT_DENSE_WEIGHT = 0.4;

/** How deep each leg is read before fusion; deeper changes nothing in the first ten. */
const LEG_DEPTH = 50;
/** @source Cormack, Clarke and Büttcher 2009 */
const DEFAULT_RRF_K = 60;

/** Finds chunks in the generation that the pointer names. @throws {SearchQueryError} */
export async function searchIndex(driver: VectorDriver, pointer: Pointer, query: SearchQuery): Promise<SearchHit[]> {
  const wordings = [query, ...(query.alternatives ?? [])];
  for (const { vector } of wordings) assertDimensions(vector, pointer);
  const diversity = fraction("diversity", query.diversity ?? 0);
  const filter = toRowFilter(query.filter ?? {});
  if (filter === undefined || query.limit <= 0 || pointer.pointCount === 0) return [];
  const rank = { limit: Math.max(LEG_DEPTH, query.limit), filter, withVectors: diversity > 0 };
  const search = { driver, table: pointer.generation, query, rank };
  const rankings = await Promise.all(wordings.map((wording) => rankWording(search, wording)));
  const ranked = joinRankings(rankings, query.join ?? "max");
  const chosen = diversity > 0 ? diversify(ranked, { limit: query.limit, diversity }) : ranked.slice(0, query.limit);
  return chosen.map(toHit);
}

interface Search {
  readonly driver: VectorDriver;
  readonly table: string;
  readonly query: SearchQuery;
  readonly rank: RankOptions;
}

async function rankWording(
  { driver, table, query, rank }: Search,
  { text, vector }: SearchWording,
): Promise<FusedRow[]> {
  const { denseWeight = DEFAULT_DENSE_WEIGHT, fusion = "scores", rrfK = DEFAULT_RRF_K, proximity = true } = query;
  const weight = vector?.some((value) => value !== 0) ? fraction("denseWeight", denseWeight) : 0;
  const terms = searchTerms(text);
  const none: RankedRow[] = [];
  const [bm25, dense] = await Promise.all([
    weight < 1 && terms.length > 0 ? driver.rankByTerms(table, terms, rank) : none,
    weight > 0 && vector ? driver.rankByVector(table, vector, rank) : none,
  ]);
  const words = proximity && weight < 1 ? withProximity(terms, bm25, dense) : bm25;
  return fuseRankings(words, dense, {
    denseWeight: weight,
    denseFloor: floorOf(dense),
    ...(fusion === "ranks" && { rrfK }),
  });
}

/** What the row at the leg's usual depth has: no more than a row that is not in the leg. Where all rows are in it, nothing is below 0. */
function floorOf(dense: readonly RankedRow[]): number {
  return Math.min(0.99, Math.max(0, dense[LEG_DEPTH - 1]?.score ?? 0));
}

/** The words' leg with what the pairs of words add; a row that only the vectors found counts nothing for its words. */
function withProximity(
  terms: readonly string[],
  bm25: readonly RankedRow[],
  dense: readonly RankedRow[],
): readonly RankedRow[] {
  const candidates = new Map([...bm25, ...dense].map((row) => [row.id, row]));
  const added = proximityScores(terms, [...candidates.values()]);
  if (added.size === 0) return bm25;
  return bm25
    .map((row) => ({ ...row, score: row.score + (added.get(row.id) ?? 0) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function toHit({ row, score, bm25, dense }: FusedRow): SearchHit {
  const what = "a chunk in the index (build it again: trilith features reindex)";
  return { chunk: parseWith(Chunk, JSON.parse(row.payload), what), score, bm25, dense };
}

function assertDimensions(vector: Float32Array | undefined, { dimensions, embedder }: Pointer): void {
  if (vector === undefined || dimensions === 0 || vector.length === dimensions) return;
  throw new SearchQueryError(
    `its vector has ${vector.length} dimensions`,
    `${dimensions}, from the embedder ${embedder}`,
  );
}

function fraction(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new SearchQueryError(`its ${name} is ${value}`, "a number from 0 to 1");
}
