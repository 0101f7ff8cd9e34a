/** Write-once bytes by content hash. What a hash names can never change, only be missing or found damaged. */

import type { ContentHash } from "../core/hash.ts";

export interface ArtifactStore {
  /** Stores the bytes durably and returns their hash; storing what is there already does nothing. */
  put(content: Uint8Array | string): Promise<ContentHash>;
  /**
   * The bytes, checked against the hash.
   *
   * @throws {ArtifactMissingError} (`artifact-missing`) when nothing is stored under it
   * @throws {ArtifactCorruptError} (`artifact-corrupt`) when the bytes do not have that hash
   */
  get(hash: ContentHash): Promise<Uint8Array>;
  has(hash: ContentHash): Promise<boolean>;
  /** Removes the bytes, for good; used to replace what was found damaged. */
  delete(hash: ContentHash): Promise<void>;
}

/** Bytes that a store holds. */
export interface StoredArtifact {
  readonly hash: ContentHash;
  readonly sizeBytes: number;
  /** When they were last stored, or stored again, by the clock of whoever keeps them. */
  readonly storedAtMs: number;
}

/** A store that can also be looked through and swept: for whoever knows everything that is still used. */
export interface ArtifactInventory extends ArtifactStore {
  /** Everything that is stored, in no order. */
  list(): AsyncIterable<StoredArtifact>;
  /** Removes the bytes unless they were stored, or stored again, after `storedBeforeMs`. Returns whether it did. */
  deleteStale(hash: ContentHash, storedBeforeMs: number): Promise<boolean>;
}
