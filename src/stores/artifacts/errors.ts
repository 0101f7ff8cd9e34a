/** What can be wrong with stored bytes. */

import { TrilithError } from "../../core/errors.ts";
import type { ContentHash } from "../../core/hash.ts";

/** Thrown when nothing is stored under a hash. */
export class ArtifactMissingError extends TrilithError {
  override readonly code = "artifact-missing";
  readonly hash: ContentHash;

  constructor(hash: ContentHash, store: string) {
    super(
      `The ${store} artifact store holds no ${hash}; expected bytes with that hash. ` +
        "Run the step that makes it, or open the store it was put in.",
    );
    this.hash = hash;
  }
}

/** Thrown when the bytes under a hash have another hash. */
export class ArtifactCorruptError extends TrilithError {
  override readonly code = "artifact-corrupt";
  readonly hash: ContentHash;
  readonly found: ContentHash;

  constructor(hash: ContentHash, found: ContentHash, store: string) {
    super(
      `The ${store} artifact store has damaged bytes under ${hash} (their hash is ${found}); expected bytes with that hash. ` +
        "Run the step that makes it again, which replaces them, and check the disk.",
    );
    this.hash = hash;
    this.found = found;
  }
}

/** Thrown when the bytes cannot be written or read at all. */
export class ArtifactStoreUnusableError extends TrilithError {
  override readonly code = "artifact-store-unusable";
  override readonly usage = true;

  constructor(path: string, cause: unknown) {
    super(
      `The artifact file ${path} cannot be written or read (${cause instanceof Error ? cause.message : String(cause)}); ` +
        "expected a folder that can be written, with room on the disk. Check both, or choose another workspace folder.",
      { cause },
    );
  }
}
