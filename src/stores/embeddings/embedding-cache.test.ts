import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { migrateDatabase } from "../database/index.ts";
import { createEmbeddingCache, embeddingMigrations } from "./index.ts";

const HOUR_MS = 3_600_000;
const [a, b, c] = ["a", "b", "c"].map(hashBytes) as [ContentHash, ContentHash, ContentHash]; // one a text

describeOnDatabases("the cache of embeddings", (newDatabase) => {
  async function open() {
    const connect = await newDatabase();
    const database = await connect();
    await migrateDatabase(database, embeddingMigrations);
    const clock = { nowMs: HOUR_MS, now: () => clock.nowMs, sleep: async () => undefined };
    return { cache: createEmbeddingCache(database, clock), other: createEmbeddingCache(await connect(), clock), clock };
  }

  it("gives back the vectors of a model's texts to the bit, and none of another model's", async () => {
    const { cache, other } = await open();
    const vectors = new Map([
      [a, Float32Array.of(0.1, -1e-30, 3)],
      [b, Float32Array.of(1, 2, 4)],
    ]);
    await cache.put("model", vectors);
    expect(await other.get("model", [a, b, c, a])).toEqual(vectors);
    expect(await other.get("another", [a, b])).toEqual(new Map());
    expect(await other.get("model", [])).toEqual(new Map());
  });

  it("keeps the first vector when two processes write one, and takes thousands at once", async () => {
    const { cache, other } = await open();
    await Promise.all([
      cache.put("model", new Map([[a, Float32Array.of(1)]])),
      other.put("model", new Map([[a, Float32Array.of(1)]])),
    ]);
    await other.put("model", new Map([[a, Float32Array.of(9)]]));
    expect(await cache.get("model", [a])).toEqual(new Map([[a, Float32Array.of(1)]]));
    const many = new Map(Array.from({ length: 1_300 }, (_, i) => [hashBytes(String(i)), Float32Array.of(i)] as const));
    await cache.put("model", many);
    expect(await cache.get("model", [...many.keys()])).toEqual(many);
  });

  it("forgets the models that were not used lately, and only those", async () => {
    const { cache, other, clock } = await open();
    await cache.put("old", new Map([[a, Float32Array.of(1, 2)]]));
    await cache.put("used again", new Map([[a, Float32Array.of(1, 2)]]));
    clock.nowMs = 5 * HOUR_MS;
    await cache.get("used again", [a]);
    await cache.put(
      "new",
      new Map([
        [b, Float32Array.of(1)],
        [c, Float32Array.of(1)],
      ]),
    );
    const old = { fingerprint: "old", vectorCount: 1, sizeBytes: 8, lastUsedAtMs: HOUR_MS };
    expect(await other.prune(4 * HOUR_MS)).toEqual([old]);
    expect(await cache.models()).toEqual([
      { fingerprint: "new", vectorCount: 2, sizeBytes: 8, lastUsedAtMs: 5 * HOUR_MS },
      { fingerprint: "used again", vectorCount: 1, sizeBytes: 8, lastUsedAtMs: 5 * HOUR_MS },
    ]);
    expect(await cache.get("old", [a])).toEqual(new Map());
  });

  it("forgets a text, of every model", async () => {
    const { cache } = await open();
    const vectors = new Map([
      [a, Float32Array.of(1)],
      [b, Float32Array.of(2)],
    ]);
    for (const model of ["one", "two"]) await cache.put(model, vectors);
    await cache.forget([a, c]);
    for (const model of ["one", "two"]) expect([...(await cache.get(model, [a, b])).keys()]).toEqual([b]);
  });
});
