/**
 * The vector and full-text index: derived from features, so it can always be built again.
 * A new embedder's index is built whole beside the old one and switched to at once; with the same embedder the index
 * catches up in place with what was written since the version of the features that it reflects.
 */

import type { ContentHash } from "../core/hash.ts";
import type { Chunk } from "./features.ts";

export interface VectorPoint {
  readonly chunk: Chunk;
  /** Unit length, or zeros where the embedder knew no word. */
  readonly vector: Float32Array;
}

/** Which chunks may be found; every given field must hold. */
export interface SearchFilter {
  readonly authorIds?: readonly string[];
  readonly kinds?: readonly string[];
  readonly platforms?: readonly string[];
  /** ISO 639-1; chunks whose language is not known never pass. */
  readonly languages?: readonly string[];
  /** Chunks that have any of them, in lower case. */
  readonly tags?: readonly string[];
  /** ISO 8601 bounds on the date of publication, inclusive; chunks without a date never pass a bound. */
  readonly publishedFrom?: string;
  readonly publishedTo?: string;
}

/** One way to say what is looked for. */
export interface SearchWording {
  readonly text: string;
  /** Its vector; without one the search is by words alone. */
  readonly vector?: Float32Array;
}

export interface SearchQuery extends SearchWording {
  /** Other wordings of the same need: each is searched for, and the rankings become one. */
  readonly alternatives?: readonly SearchWording[];
  /** Whether a chunk counts by the wording where it fares best, or by their mean. Default `max`. */
  readonly join?: "max" | "mean";
  /** Share of the dense leg in the fused score, 0 (words alone) to 1 (dense alone). */
  readonly denseWeight?: number;
  /** Scores, normalised and added, or reciprocal ranks. Default `scores`. */
  readonly fusion?: "scores" | "ranks";
  /** The constant of reciprocal ranks. Default 60. */
  readonly rrfK?: number;
  /** Whether words that stand together in the query count more where they do in a chunk. Default true. */
  readonly proximity?: boolean;
  /** How much it counts that a hit is unlike those above it, 0 (not at all) to 1. Default 0. */
  readonly diversity?: number;
  readonly limit: number;
  readonly filter?: SearchFilter;
}

/** A found chunk, best first, with what each leg said of it: ranks count from 1, `null` when the leg did not find it. */
export interface SearchHit {
  readonly chunk: Chunk;
  /** In 0–1: the fused score. */
  readonly score: number;
  /** `score` is BM25's, and what words that stand together add to it. */
  readonly bm25: { readonly rank: number; readonly score: number } | null;
  /** `score` is the cosine. */
  readonly dense: { readonly rank: number; readonly score: number } | null;
}

export interface IndexDescription {
  /** The artifact that holds the embedder which made the vectors. */
  readonly embedder: ContentHash;
  readonly dimensions: number;
  readonly pointCount: number;
  /** Changes with every build, not with an update. */
  readonly generation: string;
  /** The version of the feature group `chunks` that the index reflects: catching up begins here. */
  readonly featuresVersion: number;
}

/** Points in batches, made as they are taken, so that they need never be held all at once. */
export type PointBatches = AsyncIterable<readonly VectorPoint[]> | Iterable<readonly VectorPoint[]>;

/** What an index is made of, whole. */
export interface IndexBuild {
  readonly embedder: ContentHash;
  /** The version that the points are the chunks of. */
  readonly featuresVersion: number;
  /** Each chunk id once. */
  readonly points: PointBatches;
  /** Drops every other index as soon as this one is in use, though somebody may be reading it: nothing of it is left. */
  readonly dropOthers?: boolean;
}

/** What came and went since the index was last written. Doing it again changes nothing. */
export interface IndexUpdate {
  /** As `describe()` names it: vectors of another embedder mean something else. */
  readonly embedder: ContentHash;
  /** The version that the index reflects afterwards; an index that already does is left as it is. */
  readonly featuresVersion: number;
  /** Replace the points of their chunk ids, or are new. */
  readonly points: PointBatches;
  /** Chunk ids; those that the index does not hold do no harm. */
  readonly removedIds: readonly string[];
}

export interface TermCounts {
  readonly chunkCount: number;
  /** By term, as the index splits text; 0 for a term that no chunk holds. */
  readonly holding: ReadonlyMap<string, number>;
}

/** One process writes at a time: the others wait until it has ended, or died. */
export interface VectorIndex {
  /** The index now in use; `undefined` before the first build. */
  describe(): Promise<IndexDescription | undefined>;
  /** Builds a new index and switches to it; readers of the old one are not disturbed. */
  build(build: IndexBuild): Promise<IndexDescription>;
  /**
   * Catches up in place: first the points, then the version, so that an update which was cut off is made again.
   *
   * @throws {IndexEmbedderError} (`index-embedder`) when the index is of another embedder, or was never built
   */
  update(update: IndexUpdate): Promise<IndexDescription>;
  /** @throws {IndexMissingError} (`index-missing`) before the first build */
  search(query: SearchQuery): Promise<SearchHit[]>;
  /** Hits of each query, in order, all of one generation. @throws {IndexMissingError} (`index-missing`) before the first build */
  searchMany(queries: readonly SearchQuery[]): Promise<SearchHit[][]>;
  /** How many chunks hold each term of the text, whatever the filter of a search. */
  countTerms(text: string): Promise<TermCounts>;
  /** The ids of all chunks in the index, in batches and in no order; nothing before the first build. */
  listIds(): AsyncIterable<readonly string[]>;
  /** Of the index now in use. */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}
