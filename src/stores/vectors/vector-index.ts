/**
 * The vector index over any driver: writing is one caller's at a time, searching everyone's at any time. Searches read
 * the generation that the pointer named when they began.
 */

import { Chunk } from "../../contracts/features.ts";
import type { SearchHit, SearchQuery, VectorIndex } from "../../contracts/vectors.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson } from "../../core/hash.ts";
import type { Random } from "../../core/random.ts";
import { parseWith } from "../../core/schema.ts";
import { searchTerms } from "../../text/index.ts";
import type { RankedRow, VectorDriver } from "./driver.ts";
import { IndexMissingError, SearchQueryError } from "./errors.ts";
import { fuseRankings } from "./fuse.ts";
import { type Pointer, readPointer, toDescription } from "./pointer.ts";
import { toRowFilter } from "./search-filter.ts";
import { buildIndex, updateIndex } from "./write-index.ts";
import { processLock, type WriteLock } from "./write-lock.ts";

/**
 * Share of the dense leg where a query does not say, for the embedder that is fitted on the corpus.
 *
 * Between the two weights that nested cross-validation over judged questions chose (bench/retrieval.ts). At it nDCG@10
 * is .778 over documentation, where BM25 alone has .751 (p = .02), and .725 over code, where it has .732 (p = .15).
 */
export const DEFAULT_DENSE_WEIGHT = 0.4;

/** How deep each leg is read before fusion; deeper changes nothing in the first ten. */
const LEG_DEPTH = 100;

/** What an index is made of. */
export interface VectorIndexOptions {
  readonly driver: VectorDriver;
  readonly clock: Clock;
  readonly random: Random;
  /** Held while the index is written. Default: this process's own, for an index that no other process writes. */
  readonly lock?: WriteLock;
}

/** An index over the driver; closing it closes the driver. */
export function createVectorIndex(options: VectorIndexOptions): VectorIndex {
  const { driver } = options;
  const [ours, theirs] = [processLock(), options.lock];
  const writing: WriteLock = (body) => ours(() => (theirs ? theirs(body) : body()));
  const inUse = async (): Promise<Pointer> => {
    const pointer = await readPointer(driver);
    if (pointer === undefined) throw new IndexMissingError(driver.name);
    return pointer;
  };
  return {
    async describe() {
      const pointer = await readPointer(driver);
      return pointer && toDescription(pointer);
    },
    build: (build) => writing(async () => toDescription(await buildIndex(options, build))),
    update: (update) => writing(async () => toDescription(await updateIndex(options, update))),
    async search(query) {
      const pointer = await inUse();
      return pointer.pointCount === 0 ? [] : search(options, pointer, query);
    },
    async countTerms(text) {
      const { pointCount, generation } = await inUse();
      const terms = [...new Set(searchTerms(text))];
      const counts = await Promise.all(terms.map((term) => (pointCount > 0 ? driver.countRows(generation, term) : 0)));
      return { chunkCount: pointCount, holding: new Map(terms.map((term, index) => [term, counts[index] ?? 0])) };
    },
    async *listIds() {
      const pointer = await readPointer(driver);
      if (pointer && pointer.dimensions > 0) yield* driver.listIds(pointer.generation);
    },
    async fingerprint() {
      const pointer = await readPointer(driver);
      return pointer ? hashJson([pointer.embedder, pointer.featuresVersion]) : "none";
    },
    close: () => driver.close(),
  };
}

async function search(
  { driver }: VectorIndexOptions,
  pointer: Pointer,
  { text, vector, limit, filter = {}, denseWeight = DEFAULT_DENSE_WEIGHT }: SearchQuery,
): Promise<SearchHit[]> {
  if (vector && vector.length !== pointer.dimensions) {
    throw new SearchQueryError(
      `its vector has ${vector.length} dimensions`,
      `${pointer.dimensions}, from the embedder ${pointer.embedder}`,
    );
  }
  const rowFilter = toRowFilter(filter);
  if (rowFilter === undefined || limit <= 0) return [];
  const weight = vector?.some((value) => value !== 0) ? Math.min(1, Math.max(0, denseWeight)) : 0;
  const rank = { limit: Math.max(LEG_DEPTH, limit), filter: rowFilter };
  const terms = searchTerms(text);
  const none: RankedRow[] = [];
  const [bm25, dense] = await Promise.all([
    weight < 1 && terms.length > 0 ? driver.rankByTerms(pointer.generation, terms, rank) : none,
    weight > 0 && vector ? driver.rankByVector(pointer.generation, vector, rank) : none,
  ]);
  return fuseRankings(bm25, dense, weight)
    .slice(0, limit)
    .map(({ payload, score, bm25: words, dense: cosine }) => ({
      chunk: parseWith(
        Chunk,
        JSON.parse(payload),
        "a chunk in the index (build it again: trilith run feature_engineering)",
      ),
      score,
      bm25: words,
      dense: cosine,
    }));
}
