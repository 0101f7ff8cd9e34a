/**
 * The vector index over any driver: writing is one caller's at a time, searching everyone's at any time. Searches read
 * the generation that the pointer named when they began.
 */

import type { SearchHit, VectorIndex } from "../../contracts/vectors.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson } from "../../core/hash.ts";
import type { Random } from "../../core/random.ts";
import { searchTerms } from "../../text/index.ts";
import type { VectorDriver } from "./driver.ts";
import { IndexMissingError } from "./errors.ts";
import { type Pointer, readPointer, toDescription } from "./pointer.ts";
import { searchIndex } from "./search-index.ts";
import { buildIndex, updateIndex } from "./write-index.ts";
import { processLock, type WriteLock } from "./write-lock.ts";

/** Queries of one call that an engine works on at the same time. */
const AT_ONCE = 8;

/** What an index is made of. */
export interface VectorIndexOptions {
  readonly driver: VectorDriver;
  readonly clock: Clock;
  readonly random: Random;
  /** Held while the index is written. Default: this process's own, for an index that no other process writes. */
  readonly lock?: WriteLock;
}

/** An index over the driver; closing it closes the driver. */
export function createVectorIndex(options: VectorIndexOptions): VectorIndex {
  const { driver } = options;
  const [ours, theirs] = [processLock(), options.lock];
  const writing: WriteLock = (body) => ours(() => (theirs ? theirs(body) : body()));
  const inUse = async (): Promise<Pointer> => {
    const pointer = await readPointer(driver);
    if (pointer === undefined) throw new IndexMissingError(driver.name);
    return pointer;
  };
  return {
    async describe() {
      const pointer = await readPointer(driver);
      return pointer && toDescription(pointer);
    },
    build: (build) => writing(async () => toDescription(await buildIndex(options, build))),
    update: (update) => writing(async () => toDescription(await updateIndex(options, update))),
    search: async (query) => searchIndex(driver, await inUse(), query),
    async searchMany(queries) {
      const pointer = await inUse();
      const hits: SearchHit[][] = [];
      for (let start = 0; start < queries.length; start += AT_ONCE) {
        const some = queries.slice(start, start + AT_ONCE);
        hits.push(...(await Promise.all(some.map((query) => searchIndex(driver, pointer, query)))));
      }
      return hits;
    },
    async countTerms(text) {
      const { pointCount, generation } = await inUse();
      const terms = [...new Set(searchTerms(text))];
      const counts = await Promise.all(terms.map((term) => (pointCount > 0 ? driver.countRows(generation, term) : 0)));
      return { chunkCount: pointCount, holding: new Map(terms.map((term, index) => [term, counts[index] ?? 0])) };
    },
    async *listIds() {
      const pointer = await readPointer(driver);
      if (pointer && pointer.dimensions > 0) yield* driver.listIds(pointer.generation);
    },
    async fingerprint() {
      const pointer = await readPointer(driver);
      return pointer ? hashJson([pointer.embedder, pointer.featuresVersion]) : "none";
    },
    close: () => driver.close(),
  };
}
