/** Vectors that were computed once, kept by model and text, so that no text is embedded twice by one model. */

import type { ContentHash } from "../core/hash.ts";

/** One model's share of the cache. */
export interface CachedModel {
  readonly fingerprint: string;
  readonly vectorCount: number;
  readonly sizeBytes: number;
  readonly lastUsedAtMs: number;
}

/** A cache of documents' vectors. What is gone from it is only computed again. */
export interface EmbeddingCache {
  /** The vectors of those texts, by their hashes, that the model has embedded before. */
  get(fingerprint: string, hashes: readonly ContentHash[]): Promise<Map<ContentHash, Float32Array>>;
  put(fingerprint: string, vectors: ReadonlyMap<ContentHash, Float32Array>): Promise<void>;
  /** Latest used first. */
  models(): Promise<CachedModel[]>;
  /** Forgets all of the models that were last used before then; gives them. */
  prune(usedBeforeMs: number): Promise<CachedModel[]>;
  /** Forgets the vectors of those texts, of every model. */
  forget(hashes: readonly ContentHash[]): Promise<void>;
}
