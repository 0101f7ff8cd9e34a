/**
 * The artifact store over any driver. Bytes are checked against their hash whenever they are read, and what is stored
 * again counts as new, so that a sweep of what nobody uses cannot take what somebody is about to use.
 */

import type { ArtifactInventory } from "../../contracts/artifacts.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import type { BlobDriver } from "./driver.ts";
import { ArtifactCorruptError, ArtifactMissingError } from "./errors.ts";

/** Bytes that were stored less long ago are new enough: no sweep takes them within the hour. */
const TOUCH_AFTER_MS = 600_000;

/** Write-once bytes by content hash. Storing a content again mends it where the stored bytes were damaged. */
export function createArtifactStore(driver: BlobDriver, clock: Clock = systemClock()): ArtifactInventory {
  return {
    async put(content) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      const hash = hashBytes(bytes);
      await store(driver, { hash, bytes, nowMs: clock.now() });
      return hash;
    },
    get: (hash) => readChecked(driver, hash),
    has: async (hash) => (await driver.stat(toKey(hash))) !== undefined,
    delete: (hash) => driver.delete(toKey(hash)),
    async *list() {
      for await (const { key, sizeBytes, modifiedAtMs } of driver.list()) {
        const hash = toHash(key);
        if (hash !== undefined) yield { hash, sizeBytes, storedAtMs: modifiedAtMs };
      }
    },
    async deleteStale(hash, storedBeforeMs) {
      const facts = await driver.stat(toKey(hash));
      if (facts === undefined || facts.modifiedAtMs > storedBeforeMs) return false;
      await driver.delete(toKey(hash));
      return true;
    },
  };
}

async function store(
  driver: BlobDriver,
  { hash, bytes, nowMs }: { readonly hash: ContentHash; readonly bytes: Uint8Array; readonly nowMs: number },
): Promise<void> {
  const key = toKey(hash);
  const facts = await driver.stat(key);
  const sound = facts?.sizeBytes === bytes.byteLength && (!driver.can.readCheaply || (await isSound(driver, hash)));
  if (!sound) return driver.write(key, bytes, { unlessPresent: facts === undefined });
  if (nowMs - facts.modifiedAtMs > TOUCH_AFTER_MS) await driver.touch(key);
}

async function isSound(driver: BlobDriver, hash: ContentHash): Promise<boolean> {
  const stored = await driver.read(toKey(hash));
  return stored !== undefined && hashBytes(stored) === hash;
}

async function readChecked(driver: BlobDriver, hash: ContentHash): Promise<Uint8Array> {
  const bytes = await driver.read(toKey(hash));
  if (bytes === undefined) throw new ArtifactMissingError(hash, driver.name);
  const found = hashBytes(bytes);
  if (found === hash) return bytes;
  // Where `put` does not read what is there, damage that is found is taken away, or it would stay; a second reading
  // tells it from damage on the way.
  if (!driver.can.readCheaply) {
    const again = await driver.read(toKey(hash));
    if (again !== undefined && hashBytes(again) === hash) return again;
    await driver.delete(toKey(hash));
  }
  throw new ArtifactCorruptError(hash, found, driver.name);
}

/** A key that is also a safe file name: `sha256-<hex>`. A hash of another form is no key. */
function toKey(hash: ContentHash): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(hash)) throw new ArtifactMissingError(hash, "any");
  return hash.replace(":", "-");
}

/** `undefined` for what is no artifact's key: somebody else's. */
function toHash(key: string): ContentHash | undefined {
  const hex = /^sha256-([0-9a-f]{64})$/.exec(key)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
