/**
 * The vector index over any driver. A build fills a new table, then writes the pointer, last and at once: searches
 * read the old generation whole until then, and the new one after. What no search can still be reading is dropped.
 */

import { z } from "zod";
import { Chunk } from "../../contracts/features.ts";
import type { IndexDescription, SearchHit, SearchQuery, VectorIndex, VectorPoint } from "../../contracts/vectors.ts";
import type { Clock } from "../../core/clock.ts";
import { type ContentHash, hashJson } from "../../core/hash.ts";
import type { Random } from "../../core/random.ts";
import { parseWith } from "../../core/schema.ts";
import { searchTerms } from "../../text/index.ts";
import type { RankedRow, VectorDriver, VectorRow } from "./driver.ts";
import { IndexMissingError, IndexPointerError, IndexPointsError, SearchQueryError } from "./errors.ts";
import { fuseRankings } from "./fuse.ts";
import { publishedMs, toRowFilter } from "./search-filter.ts";

/**
 * Share of the dense leg where a query does not say, for the embedder that is fitted on the corpus.
 *
 * Between the two weights that nested cross-validation over judged questions chose (bench/retrieval.ts). At it nDCG@10
 * is .778 over documentation, where BM25 alone has .751 (p = .02), and .725 over code, where it has .732 (p = .15).
 */
export const DEFAULT_DENSE_WEIGHT = 0.4;

/** How deep each leg is read before fusion; deeper changes nothing in the first ten. */
const LEG_DEPTH = 100;
/** A superseded table is kept this long: far longer than any search takes. */
const KEEP_MS = 3_600_000;

/** What an index is made of. */
export interface VectorIndexOptions {
  readonly driver: VectorDriver;
  readonly clock: Clock;
  readonly random: Random;
}

const Pointer = z.object({
  format: z.literal(1),
  generation: z.string(),
  embedder: z.templateLiteral(["sha256:", z.string()]),
  dimensions: z.int().nonnegative(),
  pointCount: z.int().nonnegative(),
  /** Hash of everything that a search result depends on. */
  contentHash: z.string(),
});
type Pointer = z.infer<typeof Pointer>;

/** An index over the driver; closing it closes the driver. */
export function createVectorIndex(options: VectorIndexOptions): VectorIndex {
  const { driver } = options;
  return {
    async describe() {
      const pointer = await readPointer(driver);
      return pointer && toDescription(pointer);
    },
    async build(embedder, points) {
      const rows = points.map(toRow);
      const pointer = describeBuild(embedder, points, options);
      if (rows.length > 0) await driver.createTable(pointer.generation, rows);
      await driver.writePointer(JSON.stringify(pointer));
      await dropSuperseded(driver, pointer.generation, options.clock.now());
      return toDescription(pointer);
    },
    async search(query) {
      const pointer = await readPointer(driver);
      if (pointer === undefined) throw new IndexMissingError(driver.name);
      return pointer.pointCount === 0 ? [] : search(options, pointer, query);
    },
    async countTerms(text) {
      const pointer = await readPointer(driver);
      if (pointer === undefined) throw new IndexMissingError(driver.name);
      const { pointCount, generation } = pointer;
      const terms = [...new Set(searchTerms(text))];
      const counts = await Promise.all(terms.map((term) => (pointCount > 0 ? driver.countRows(generation, term) : 0)));
      return { chunkCount: pointCount, holding: new Map(terms.map((term, index) => [term, counts[index] ?? 0])) };
    },
    fingerprint: async () => (await readPointer(driver))?.contentHash ?? "none",
    close: () => driver.close(),
  };
}

async function readPointer(driver: VectorDriver): Promise<Pointer | undefined> {
  const text = await driver.readPointer();
  if (text === undefined) return undefined;
  try {
    return Pointer.parse(JSON.parse(text));
  } catch (cause) {
    throw new IndexPointerError(driver.name, cause);
  }
}

function toDescription({ embedder, dimensions, pointCount, generation }: Pointer): IndexDescription {
  return { embedder, dimensions, pointCount, generation };
}

function describeBuild(
  embedder: ContentHash,
  points: readonly VectorPoint[],
  { clock, random }: VectorIndexOptions,
): Pointer {
  const dimensions = points[0]?.vector.length ?? 0;
  const odd = points.find(({ vector }) => vector.length !== dimensions);
  if (odd) throw new IndexPointsError(odd.chunk.id, odd.vector.length, dimensions);
  return {
    format: 1,
    // The time comes first: it tells how old a table is.
    generation: `g${clock.now()}_${random.integer(2 ** 32).toString(36)}`,
    embedder,
    dimensions,
    pointCount: points.length,
    contentHash: hashJson({ embedder, chunks: points.map(({ chunk }) => chunk) }),
  };
}

/** Tables older than the time limit go, except the one in use; a table that another build is filling is young. */
async function dropSuperseded(driver: VectorDriver, current: string, nowMs: number): Promise<void> {
  for (const table of await driver.listTables()) {
    const madeMs = Number(/^g(\d+)_/.exec(table)?.[1] ?? nowMs);
    if (table !== current && nowMs - madeMs > KEEP_MS) await driver.dropTable(table);
  }
}

function toRow({ chunk, vector }: VectorPoint): VectorRow {
  return {
    id: chunk.id,
    payload: JSON.stringify(chunk),
    terms: searchTerms([chunk.title, ...chunk.headings, chunk.text].join("\n")),
    vector,
    authorId: chunk.authorId,
    kind: chunk.kind,
    platform: chunk.platform,
    publishedAtMs: publishedMs(chunk.publishedAt),
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
