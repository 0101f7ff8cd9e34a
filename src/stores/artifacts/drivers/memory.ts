/** Bytes in this process: the reference for the other drivers, and what tests use. */

import { type Clock, systemClock } from "../../../core/clock.ts";
import type { BlobDriver } from "../driver.ts";

/** What the bytes' times are told by. */
export interface MemoryBlobsOptions {
  readonly clock?: Clock;
}

/** Bytes that end with the process. */
export function memoryBlobs({ clock = systemClock() }: MemoryBlobsOptions = {}): BlobDriver {
  const blobs = new Map<string, { readonly bytes: Uint8Array; readonly modifiedAtMs: number }>();
  return {
    name: "memory",
    can: { readCheaply: true },
    async read(key) {
      const blob = blobs.get(key);
      return blob && new Uint8Array(blob.bytes);
    },
    async write(key, bytes, { unlessPresent } = {}) {
      if (!unlessPresent || !blobs.has(key))
        blobs.set(key, { bytes: new Uint8Array(bytes), modifiedAtMs: clock.now() });
    },
    async stat(key) {
      const blob = blobs.get(key);
      return blob && { sizeBytes: blob.bytes.byteLength, modifiedAtMs: blob.modifiedAtMs };
    },
    async touch(key) {
      const blob = blobs.get(key);
      if (blob) blobs.set(key, { ...blob, modifiedAtMs: clock.now() });
    },
    async delete(key) {
      blobs.delete(key);
    },
    async *list() {
      for (const [key, { bytes, modifiedAtMs }] of [...blobs]) {
        yield { key, sizeBytes: bytes.byteLength, modifiedAtMs };
      }
    },
  };
}
