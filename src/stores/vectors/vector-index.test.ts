import { describe, expect, it } from "vitest";
import type { Chunk } from "../../contracts/features.ts";
import { fixtureChunk } from "../../contracts/records-fixture.ts";
import type { IndexBuild, IndexUpdate, VectorIndex, VectorPoint } from "../../contracts/vectors.ts";
import type { Clock } from "../../core/clock.ts";
import { hashBytes } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import type { VectorDriver } from "./driver.ts";
import { memoryVectors } from "./drivers/memory.ts";
import { createVectorIndex } from "./vector-index.ts";

const embedder = hashBytes("an embedder");

const chunk = (id: string, text: string, changes: Partial<Chunk> = {}): Chunk =>
  fixtureChunk({ id, documentId: `document of ${id}`, source: "notes.md", authorId: "a", text, ...changes });

const point = (id: string, text: string, [x, y]: [number, number], changes: Partial<Chunk> = {}): VectorPoint => ({
  chunk: chunk(id, text, changes),
  vector: Float32Array.of(x, y),
});

const points = [
  point("fox", "the fox runs", [1, 0]),
  point("hen", "the hen sits", [0.6, 0.8]),
  point("egg", "an egg rolls", [0, 1], { publishedAt: "2024-05-31T18:00:00Z", title: "Breakfast" }),
];

const whole = (points: readonly VectorPoint[], featuresVersion = 1): IndexBuild => ({
  embedder,
  featuresVersion,
  points: points.map((each) => [each]),
});

let seed = 0;
function openIndex(driver: VectorDriver = memoryVectors()): { index: VectorIndex; clock: { ms: number } } {
  const clock = { ms: 1_000 };
  const handed: Clock = { now: () => clock.ms, sleep: async () => undefined };
  return { index: createVectorIndex({ driver, clock: handed, random: createRandom(seed++) }), clock };
}

const idsOf = async (index: VectorIndex, query: Parameters<VectorIndex["search"]>[0]): Promise<string[]> =>
  (await index.search(query)).map(({ chunk: { id } }) => id);

describe("searching the vector index", () => {
  it("is BM25 alone without a vector, with weight 0, and with a vector of zeros", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    for (const query of [{}, { vector: Float32Array.of(0, 1), denseWeight: 0 }, { vector: Float32Array.of(0, 0) }]) {
      const hits = await index.search({ text: "fox", limit: 5, ...query });
      expect(hits.map(({ chunk: { id }, score, dense }) => [id, score, dense])).toEqual([["fox", 1, null]]);
    }
  });

  it("says to build again when the index holds chunks of another release", async () => {
    const { index } = openIndex();
    const { sourceLines: _, ...older } = chunk("fox", "the fox runs");
    await index.build(whole([{ chunk: older as Chunk, vector: Float32Array.of(1, 0) }])); // as an older release wrote it
    await expect(index.search({ text: "fox", limit: 5 })).rejects.toThrow(
      /index \(build it again: trilith features reindex\) is not valid: sourceLines/,
    );
  });

  it("joins both legs and keeps the rank that each gave", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const [first, second] = await index.search({
      text: "fox",
      vector: Float32Array.of(0.6, 0.8),
      denseWeight: 0.5,
      limit: 2,
    });
    expect(first).toMatchObject({ chunk: { id: "fox" }, bm25: { rank: 1 }, dense: { rank: 3 } });
    expect(first?.score).toBeCloseTo(0.5 + 0.5 * 0.6, 5);
    expect(second).toMatchObject({ chunk: { id: "hen" }, bm25: null, dense: { rank: 1 } });
  });

  it("joins several wordings by the one where a chunk fares best, or by their mean", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const query = { text: "fox", alternatives: [{ text: "hen sits" }, { text: "hen" }], limit: 5 };
    const scores = async (join: "max" | "mean") =>
      (await index.search({ ...query, join })).map(({ chunk: { id }, score }) => [id, Number(score.toFixed(3))]);
    expect(await scores("max")).toEqual([
      ["fox", 1],
      ["hen", 1],
    ]);
    expect(await scores("mean")).toEqual([
      ["hen", 0.667],
      ["fox", 0.333],
    ]);
  });

  it("fuses by reciprocal ranks when it is asked to", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const query = { text: "fox", vector: Float32Array.of(0.6, 0.8), denseWeight: 0.5, limit: 3 };
    const hits = await index.search({ ...query, fusion: "ranks", rrfK: 1 });
    // fox: .5 * 2/2 + .5 * 2/4; hen: .5 * 2/2; egg: .5 * 2/3.
    expect(hits.map(({ chunk: { id }, score }) => [id, Number(score.toFixed(3))])).toEqual([
      ["fox", 0.75],
      ["hen", 0.5],
      ["egg", 0.333],
    ]);
  });

  it("puts a hit that is unlike the others before the twin of the first", async () => {
    const { index } = openIndex();
    const twins = [point("one", "fox", [1, 0]), point("two", "fox", [1, 0]), point("other", "fox hole", [0, 1])];
    await index.build(whole(twins));
    const query = { text: "fox", vector: Float32Array.of(1, 0), limit: 3 };
    expect(await idsOf(index, query)).toEqual(["one", "two", "other"]);
    expect(await idsOf(index, { ...query, diversity: 0.7 })).toEqual(["one", "other", "two"]);
    await expect(index.search({ ...query, diversity: 2 })).rejects.toMatchObject({ code: "search-query" });
  });

  it("counts words more that stand together, unless it is asked not to", async () => {
    const { index } = openIndex();
    const apart = "red a1 a2 a3 a4 a5 a6 a7 a8 a9 fox red";
    await index.build(whole([point("apart", apart, [1, 0]), point("together", `red fox ${"b ".repeat(14)}`, [1, 0])]));
    expect(await idsOf(index, { text: "red fox", limit: 2, proximity: false })).toEqual(["apart", "together"]);
    expect(await idsOf(index, { text: "red fox", limit: 2 })).toEqual(["together", "apart"]);
  });

  it("answers many queries at once, in order", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const queries = Array.from({ length: 20 }, (_, i) => ({ text: i % 2 === 0 ? "fox" : "hen", limit: 1 }));
    const hits = await index.searchMany(queries);
    expect(hits.map(([hit]) => hit?.chunk.id)).toEqual(queries.map(({ text }) => text));
  });

  it("finds a chunk by its document's title and its headings", async () => {
    const { index } = openIndex();
    await index.build(whole([...points, point("x", "text", [1, 0], { headings: ["Stables", "Horses"] })]));
    expect(await idsOf(index, { text: "breakfast", limit: 5 })).toEqual(["egg"]);
    expect(await idsOf(index, { text: "horses", limit: 5 })).toEqual(["x"]);
  });

  it("takes a date bound as the whole day, and an empty list as nothing", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const found = (filter: object): Promise<string[]> => idsOf(index, { text: "egg fox", limit: 5, filter });
    expect(await found({ publishedTo: "2024-05-31" })).toEqual(["egg"]);
    expect(await found({ publishedTo: "2024-05-30" })).toEqual([]);
    expect(await found({ publishedFrom: "2024-05-31T19:00:00Z" })).toEqual([]);
    expect(await found({ authorIds: [] })).toEqual([]);
    await expect(found({ publishedFrom: "soon" })).rejects.toMatchObject({ code: "search-query" });
  });

  it("refuses a vector of another embedder's size", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const query = { text: "fox", vector: Float32Array.of(1, 0, 0), limit: 5 };
    await expect(index.search(query)).rejects.toMatchObject({ code: "search-query" });
  });

  it("counts the chunks that hold each term of a text, each term once", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    const { chunkCount, holding } = await index.countTerms("the fox, the hen and the hen of the wolf");
    expect([chunkCount, Object.fromEntries(holding)]).toEqual([3, { fox: 1, hen: 1, wolf: 0 }]);
  });

  it("says what to do before the first build", async () => {
    const { index } = openIndex();
    expect(await index.describe()).toBeUndefined();
    await expect(index.search({ text: "fox", limit: 1 })).rejects.toThrow(/never been built.*Run the feature pipeline/);
  });
});

describe("building the vector index", () => {
  it("describes the index in use, with a new generation a build and a fingerprint by embedder and version", async () => {
    const { index } = openIndex();
    const first = await index.build(whole(points));
    expect(first).toMatchObject({ embedder, dimensions: 2, pointCount: 3, featuresVersion: 1 });
    const fingerprint = await index.fingerprint();
    const second = await index.build(whole(points));
    expect(await index.describe()).toEqual(second);
    expect(second.generation).not.toBe(first.generation);
    expect(await index.fingerprint()).toBe(fingerprint);
    await index.build(whole(points, 2));
    expect(await index.fingerprint()).not.toBe(fingerprint);
  });

  it("leaves the old index in use until the pointer is written, also when the build breaks before", async () => {
    const driver = memoryVectors();
    const { index } = openIndex(driver);
    await index.build(whole(points));
    const failing = openIndex({
      ...driver,
      writePointer: async () => {
        throw new RangeError("the power went");
      },
    });
    await expect(failing.index.build(whole([point("new", "fox", [1, 0])]))).rejects.toThrow("the power went");
    expect(await idsOf(index, { text: "fox", limit: 5 })).toEqual(["fox"]);
  });

  it("lets a search that has begun on the old generation end on it", async () => {
    const driver = memoryVectors();
    const { index } = openIndex(driver);
    await index.build(whole(points));
    const slow = openIndex({
      ...driver,
      async rank(...query) {
        await index.build(whole([point("new", "fox", [1, 0])]));
        return driver.rank(...query);
      },
    });
    expect(await idsOf(slow.index, { text: "fox", limit: 5 })).toEqual(["fox"]);
    expect(await idsOf(index, { text: "fox", limit: 5 })).toEqual(["new"]);
  });

  it("drops generations an hour after they were made, but never the one in use", async () => {
    const driver = memoryVectors();
    const { index, clock } = openIndex(driver);
    await index.build(whole(points));
    await index.build(whole(points));
    expect((await driver.listTables()).length).toBe(2);
    clock.ms += 3_600_001;
    const { generation } = await index.build(whole(points));
    expect(await driver.listTables()).toEqual([generation]);
  });

  it("drops every other generation at once where a build leaves nothing of them", async () => {
    const driver = memoryVectors();
    const { index } = openIndex(driver);
    await index.build(whole(points));
    const { generation } = await index.build({ ...whole(points), dropOthers: true });
    expect(await driver.listTables()).toEqual([generation]);
  });

  it("holds nothing after a build of no points, and is searched without error", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    expect(await index.build(whole([]))).toMatchObject({ pointCount: 0 });
    expect(await index.search({ text: "fox", limit: 5 })).toEqual([]);
  });

  it("refuses points of different dimensions, and names the chunk", async () => {
    const { index } = openIndex();
    const odd = { chunk: chunk("odd", "text"), vector: Float32Array.of(1) };
    await expect(index.build(whole([...points, odd]))).rejects.toMatchObject({ code: "index-points" });
  });
});

describe("catching the vector index up", () => {
  const update = (changes: Partial<IndexUpdate> = {}): IndexUpdate => ({
    embedder,
    featuresVersion: 2,
    points: [],
    removedIds: [],
    ...changes,
  });
  const allIds = async (index: VectorIndex): Promise<string[]> => {
    const ids: string[] = [];
    for await (const batch of index.listIds()) ids.push(...batch);
    return ids.sort();
  };

  it("changes the index in use: one table, another version", async () => {
    const { index } = openIndex();
    const { generation } = await index.build(whole(points));
    const batches = [[point("fox", "the wolf runs", [1, 0])], [point("new", "a wolf sits", [0, 1])]];
    const after = await index.update(update({ points: batches, removedIds: ["hen"] }));
    expect(after).toEqual({ embedder, dimensions: 2, pointCount: 3, generation, featuresVersion: 2 });
    expect(await allIds(index)).toEqual(["egg", "fox", "new"]);
    expect((await idsOf(index, { text: "wolf", limit: 5 })).sort()).toEqual(["fox", "new"]);
    expect(await idsOf(index, { text: "fox hen", limit: 5 })).toEqual([]);
  });

  it("leaves an index alone that already reflects the version, or a later one", async () => {
    const { index } = openIndex();
    await index.build(whole(points, 5));
    expect(await index.update(update({ featuresVersion: 4, removedIds: ["fox"] }))).toMatchObject({
      featuresVersion: 5,
      pointCount: 3,
    });
    expect(await allIds(index)).toEqual(["egg", "fox", "hen"]);
  });

  it("keeps the old version when it is cut off, and heals when it is made again", async () => {
    const { index } = openIndex();
    await index.build(whole(points));
    async function* cutOff(): AsyncGenerator<VectorPoint[]> {
      yield [point("new", "wolf", [1, 0])];
      throw new RangeError("killed");
    }
    await expect(index.update(update({ points: cutOff(), removedIds: ["fox"] }))).rejects.toThrow("killed");
    expect(await index.describe()).toMatchObject({ featuresVersion: 1 });
    await index.update(update({ points: [[point("new", "wolf", [1, 0])]], removedIds: ["fox"] }));
    expect(await allIds(index)).toEqual(["egg", "hen", "new"]);
  });

  it("fills an index that was built of no points", async () => {
    const { index } = openIndex();
    await index.build(whole([]));
    expect(await allIds(index)).toEqual([]);
    expect(await index.update(update({ points: [points] }))).toMatchObject({ pointCount: 3, dimensions: 2 });
  });

  it("refuses points of another embedder, of another size, and before the first build", async () => {
    const { index } = openIndex();
    await expect(index.update(update())).rejects.toMatchObject({ code: "index-embedder" });
    await index.build(whole(points));
    const other = update({ embedder: hashBytes("another") });
    await expect(index.update(other)).rejects.toMatchObject({ code: "index-embedder", retryable: true });
    const odd = update({ points: [[{ chunk: chunk("odd", "text"), vector: Float32Array.of(1) }]] });
    await expect(index.update(odd)).rejects.toMatchObject({ code: "index-points" });
  });

  it("is built anew where an earlier release left its pointer", async () => {
    const driver = memoryVectors();
    await driver.writePointer(
      JSON.stringify({ format: 1, generation: "g1_a", embedder, dimensions: 2, pointCount: 9 }),
    );
    expect(await openIndex(driver).index.describe()).toBeUndefined();
  });
});
