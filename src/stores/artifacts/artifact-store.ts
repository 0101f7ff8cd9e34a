/** The artifact store over any driver. Bytes are checked against their hash whenever they are read. */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import type { BlobDriver } from "./driver.ts";
import { ArtifactCorruptError, ArtifactMissingError } from "./errors.ts";

/** Write-once bytes by content hash. Storing a content again mends it where the stored bytes were damaged. */
export function createArtifactStore(driver: BlobDriver): ArtifactStore {
  return {
    async put(content) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      const hash = hashBytes(bytes);
      const stored = await driver.read(toKey(hash));
      if (stored === undefined || hashBytes(stored) !== hash) await driver.write(toKey(hash), bytes);
      return hash;
    },
    async get(hash) {
      const bytes = await driver.read(toKey(hash));
      if (bytes === undefined) throw new ArtifactMissingError(hash, driver.name);
      const found = hashBytes(bytes);
      if (found !== hash) throw new ArtifactCorruptError(hash, found, driver.name);
      return bytes;
    },
    has: (hash) => driver.has(toKey(hash)),
    delete: (hash) => driver.delete(toKey(hash)),
  };
}

/** A key that is also a safe file name: `sha256-<hex>`. A hash of another form is no key. */
function toKey(hash: ContentHash): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(hash)) throw new ArtifactMissingError(hash, "any");
  return hash.replace(":", "-");
}
