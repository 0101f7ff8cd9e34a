/**
 * A search over one generation: both legs of every wording from the engine, then in our code the pairs of words, the
 * fusion, the joining of wordings and the diversity, so that every engine ranks alike.
 */

import { Chunk } from "../../contracts/features.ts";
import type { SearchHit, SearchQuery, SearchWording } from "../../contracts/vectors.ts";
import { parseWith } from "../../core/schema.ts";
import { searchTerms } from "../../text/index.ts";
import { diversify } from "./diversify.ts";
import type { RankedRow, RankOptions, ReadRow, VectorDriver } from "./driver.ts";
import { SearchQueryError } from "./errors.ts";
import { type FusedRow, type FuseOptions, fuseRankings, joinRankings } from "./fuse.ts";
import type { Pointer } from "./pointer.ts";
import { proximityScores } from "./proximity.ts";
import { toRowFilter } from "./search-filter.ts";

/**
 * Share of the dense leg where a query does not say.
 *
 * Between the weights that nested cross-validation over judged questions chose (bench/retrieval.ts).
 */
export const DEFAULT_DENSE_WEIGHT = 0.4;

/** How deep each leg is ranked before fusion; deeper changes nothing in the first ten. */
const LEG_DEPTH = 50;
/** Rows that are read, of those that both legs rank: the best, and enough for the pairs of words to move one up. */
const readDepth = (limit: number): number => Math.max(30, 3 * limit);
/** Searches of a table that is written between ranking and reading. */
const ATTEMPTS = 3;
/** @source Cormack, Clarke and Büttcher 2009 */
const DEFAULT_RRF_K = 60;

/** Finds chunks in the generation that the pointer names. @throws {SearchQueryError} */
export async function searchIndex(driver: VectorDriver, pointer: Pointer, query: SearchQuery): Promise<SearchHit[]> {
  const wordings = [query, ...(query.alternatives ?? [])];
  for (const { vector } of wordings) assertDimensions(vector, pointer);
  const diversity = fraction("diversity", query.diversity ?? 0);
  const filter = toRowFilter(query.filter ?? {});
  if (filter === undefined || query.limit <= 0 || pointer.pointCount === 0) return [];
  const rank = { limit: Math.max(LEG_DEPTH, query.limit), filter };
  const ranked = await rankRows({ driver, table: pointer.generation, query, rank }, wordings);
  const chosen = diversity > 0 ? diversify(ranked, { limit: query.limit, diversity }) : ranked.slice(0, query.limit);
  return chosen.map(toHit);
}

interface Search {
  readonly driver: VectorDriver;
  readonly table: string;
  readonly query: SearchQuery;
  readonly rank: RankOptions;
}

type RankedHit = FusedRow & { readonly row: ReadRow };

/** The best rows of all wordings, read; best first, equal scores by id. */
async function rankRows(search: Search, wordings: readonly SearchWording[]): Promise<RankedHit[]> {
  const { driver, table, query } = search;
  const join = query.join ?? "max";
  const withVectors = (query.diversity ?? 0) > 0;
  for (let attempt = 1; ; attempt++) {
    const legs = await Promise.all(wordings.map((wording) => rankWording(search, wording)));
    const best = joinRankings(legs.map(fuse), join).slice(0, readDepth(query.limit));
    const keys = best.map(({ key }) => key);
    const rows = new Map((await driver.readRows(table, { keys, withVectors })).map((row) => [row.key, row]));
    if (rows.size < keys.length && attempt < ATTEMPTS) continue;
    const ranked = joinRankings(
      legs.map((each) => fuse({ ...each, bm25: withProximity(each, [...rows.values()]) })),
      join,
    );
    return ranked
      .flatMap((each) => {
        const row = rows.get(each.key);
        return row ? [{ ...each, row }] : [];
      })
      .sort((a, b) => b.score - a.score || (a.row.id < b.row.id ? -1 : 1));
  }
}

/** What a wording is made of and what each leg found for it. */
interface Legs {
  readonly terms: readonly string[];
  readonly bm25: readonly RankedRow[];
  readonly dense: readonly RankedRow[];
  readonly how: FuseOptions;
  /** Whether pairs of words count. */
  readonly proximity: boolean;
}

async function rankWording({ driver, table, query, rank }: Search, { text, vector }: SearchWording): Promise<Legs> {
  const { fusion = "scores", rrfK = DEFAULT_RRF_K, proximity = true } = query;
  const known = vector?.some((value) => value !== 0);
  const denseWeight = known ? fraction("denseWeight", query.denseWeight ?? DEFAULT_DENSE_WEIGHT) : 0;
  const terms = searchTerms(text);
  const none: RankedRow[] = [];
  const [bm25, dense] = await Promise.all([
    denseWeight < 1 && terms.length > 0 ? driver.rank(table, { terms }, rank) : none,
    denseWeight > 0 && vector ? driver.rank(table, { vector }, rank) : none,
  ]);
  const how = { denseWeight, denseFloor: floorOf(dense), ...(fusion === "ranks" && { rrfK }) };
  return { terms, bm25, dense, how, proximity: proximity && denseWeight < 1 };
}

const fuse = ({ bm25, dense, how }: Legs): FusedRow[] => fuseRankings(bm25, dense, how);

/** What the row at the leg's usual depth has: no more than a row that is not in the leg. Where all rows are in it, nothing is below 0. */
function floorOf(dense: readonly RankedRow[]): number {
  return Math.min(0.99, Math.max(0, dense[LEG_DEPTH - 1]?.score ?? 0));
}

/** The words' leg with what the pairs of words add; a row that only the vectors found counts nothing for its words. */
function withProximity({ terms, bm25, proximity }: Legs, rows: readonly ReadRow[]): readonly RankedRow[] {
  const added = proximity ? proximityScores(terms, rows) : new Map<string, number>();
  if (added.size === 0) return bm25;
  return bm25
    .map(({ key, score }) => ({ key, score: score + (added.get(key) ?? 0) }))
    .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1));
}

function toHit({ row, score, bm25, dense }: RankedHit): SearchHit {
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
