/** Bytes in this process: the reference for the other drivers, and what tests use. */

import type { BlobDriver } from "../driver.ts";

/** Nothing to choose. */
export type MemoryBlobsOptions = Record<never, never>;

/** Bytes that end with the process. */
export function memoryBlobs(_options: MemoryBlobsOptions = {}): BlobDriver {
  const blobs = new Map<string, Uint8Array>();
  return {
    name: "memory",
    read: async (key) => blobs.get(key)?.slice(),
    async write(key, bytes) {
      blobs.set(key, bytes.slice());
    },
    has: async (key) => blobs.has(key),
    async delete(key) {
      blobs.delete(key);
    },
  };
}
