/** What every materializer must do; and what its tests share: a store, and the way of a value through bytes. */

import { describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import type { Materializer } from "./materializer.ts";

/** An artifact store that is a map. */
export function createStore(): ArtifactStore & { readonly hashes: Set<ContentHash> } {
  const blobs = new Map<ContentHash, Uint8Array>();
  return {
    get hashes() {
      return new Set(blobs.keys());
    },
    async put(content) {
      const hash = hashBytes(content);
      blobs.set(hash, Buffer.from(content as Uint8Array));
      return hash;
    },
    get: async (hash) => blobs.get(hash) ?? new Uint8Array(),
    has: async (hash) => blobs.has(hash),
    delete: async (hash) => void blobs.delete(hash),
  };
}

/** What a materializer writes, and what it makes of that. */
export async function roundTrip<T>(materializer: Materializer<T>, value: T): Promise<{ text: string; value: T }> {
  const store = createStore();
  const { content } = await materializer.save(value, store, "the output made");
  return { text: Buffer.from(content).toString(), value: await materializer.load(content, store) };
}

const MAX_PREVIEW_CHARACTERS = 4000;

/** What the law is held against. */
export interface MaterializerCase<T> {
  readonly materializer: Materializer<T>;
  /** At least 20, made anew by every call. */
  values(): readonly T[];
  /** Of a value that was read back: something that `toEqual` compares. Default: the value. */
  comparable?(value: T): unknown;
  /** Bytes that it never writes. */
  readonly damaged: readonly Uint8Array[];
  /** Values of other types. */
  readonly refused: readonly unknown[];
}

/** Declares the law for one materializer. */
export function describeMaterializer<T>(name: string, each: MaterializerCase<T>): void {
  const { materializer, values, comparable = (value) => value, damaged, refused } = each;
  describe(`the materializer ${name}`, () => {
    it("gives back what it was given", async () => {
      expect(values().length).toBeGreaterThanOrEqual(20);
      for (const value of values()) {
        expect(comparable((await roundTrip(materializer, value)).value)).toEqual(comparable(value));
      }
    });

    it("writes equal bytes for equal values, and the same again for what it has read", async () => {
      const again = values();
      for (const [i, value] of values().entries()) {
        const store = createStore();
        const { content } = await materializer.save(value, store, "it");
        const other = await materializer.save(again[i] as T, store, "it"); // as many values at every call
        expect(hashBytes(other.content)).toBe(hashBytes(content));
        const reread = await materializer.save(await materializer.load(content, store), store, "it");
        expect(hashBytes(reread.content)).toBe(hashBytes(content));
      }
    });

    it("shows a preview that is JSON and small", async () => {
      for (const value of values()) {
        const { preview } = await materializer.save(value, createStore(), "it");
        const text = JSON.stringify(preview);
        expect(JSON.parse(text)).toEqual(preview);
        expect(text.length).toBeLessThan(MAX_PREVIEW_CHARACTERS);
      }
    });

    it("says that bytes are damaged", async () => {
      for (const bytes of damaged) {
        await expect(materializer.load(bytes, createStore())).rejects.toMatchObject({
          code: "artifact-content-unreadable",
        });
      }
    });

    it("refuses values of another type, naming the output", async () => {
      for (const value of refused) {
        const saved = materializer.save(value as T, createStore(), "the output made"); // it is not one: that is tested
        await expect(saved).rejects.toThrow(/^the output made\b/);
      }
    });
  });
}
