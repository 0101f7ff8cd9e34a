/**
 * The vector and full-text index: derived from features, so it can always be built again.
 * An index is built whole beside the old one, for one embedder, and switched to at once.
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
  /** ISO 8601 bounds on the date of publication, inclusive; chunks without a date never pass a bound. */
  readonly publishedFrom?: string;
  readonly publishedTo?: string;
}

export interface SearchQuery {
  readonly text: string;
  /** The query's vector; without one the search is BM25 alone. */
  readonly vector?: Float32Array;
  /** Share of the dense leg in the fused score, 0 (BM25 alone) to 1 (dense alone). */
  readonly denseWeight?: number;
  readonly limit: number;
  readonly filter?: SearchFilter;
}

/** A found chunk, best first, with what each leg said of it: ranks count from 1, `null` when the leg did not find it. */
export interface SearchHit {
  readonly chunk: Chunk;
  /** In 0–1: the convex combination of the legs' normalised scores. */
  readonly score: number;
  readonly bm25: { readonly rank: number; readonly score: number } | null;
  /** `score` is the cosine. */
  readonly dense: { readonly rank: number; readonly score: number } | null;
}

export interface IndexDescription {
  /** The artifact that holds the embedder which made the vectors. */
  readonly embedder: ContentHash;
  readonly dimensions: number;
  readonly pointCount: number;
  /** Changes with every build. */
  readonly generation: string;
}

export interface TermCounts {
  readonly chunkCount: number;
  /** By term, as the index splits text; 0 for a term that no chunk holds. */
  readonly holding: ReadonlyMap<string, number>;
}

export interface VectorIndex {
  /** The index now in use; `undefined` before the first build. */
  describe(): Promise<IndexDescription | undefined>;
  /** Builds a new index and switches to it; readers of the old one are not disturbed. */
  build(embedder: ContentHash, points: readonly VectorPoint[]): Promise<IndexDescription>;
  /** @throws {IndexMissingError} (`index-missing`) before the first build */
  search(query: SearchQuery): Promise<SearchHit[]>;
  /** How many chunks hold each term of the text, whatever the filter of a search. */
  countTerms(text: string): Promise<TermCounts>;
  /** Of the index now in use. */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}
