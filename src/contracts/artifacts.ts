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
