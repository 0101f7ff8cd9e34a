import { describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { Chunk, CleanedDocument, FeatureStore } from "../../contracts/features.ts";
import type { Embedders } from "../../contracts/models.ts";
import { fixtureCleaned } from "../../contracts/records-fixture.ts";
import type { IndexBuild, IndexDescription, IndexUpdate, VectorIndex, VectorPoint } from "../../contracts/vectors.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { migrateDatabase, openSqliteDatabase } from "../../stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../stores/features/index.ts";
import { chunkDocument } from "../chunk/chunk-document.ts";
import { vectorsOf } from "../embed/chunk-vectors.ts";
import { drawTexts, embedDocuments, prepareEmbedder } from "../embed/embed-documents.ts";
import { loadFeatures } from "./load-features.ts";
import { loadIndex, verifyIndex } from "./load-index.ts";

const countTokens = (text: string): number => text.split(/\s+/).length;

const cleaned = (id: string, text: string): CleanedDocument => fixtureCleaned({ id, source: `${id}.md`, text });
const chunksOf = (...documents: CleanedDocument[]): Chunk[] =>
  documents.flatMap((document) => chunkDocument(document, { countTokens, maxTokens: 6, targetTokens: 3 }));

/** An embedder that learns the size of its corpus: a vector is [length of the text, size of the corpus]. */
function testEmbedders(): Embedders & { readonly embedded: string[] } {
  const embedded: string[] = [];
  return {
    embedded,
    fingerprint: "test",
    fitted: true,
    maxInputTokens: 6,
    countTokens,
    prepare: async (corpus) => Buffer.from(String(corpus.length)),
    open: async (bytes) => ({
      fingerprint: "test",
      dimensions: 2,
      maxInputTokens: 6,
      countTokens,
      async embed(texts) {
        embedded.push(...texts);
        return texts.map((text) => Float32Array.of(text.length, Number(Buffer.from(bytes).toString())));
      },
    }),
  };
}

function memoryArtifacts(): ArtifactStore {
  const contents = new Map<ContentHash, Uint8Array>();
  return {
    async put(content) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      contents.set(hashBytes(bytes), bytes);
      return hashBytes(bytes);
    },
    async get(hash) {
      const bytes = contents.get(hash);
      if (bytes === undefined) throw new RangeError(`no ${hash}`);
      return bytes;
    },
    has: async (hash) => contents.has(hash),
    delete: async (hash) => void contents.delete(hash),
  };
}

async function memoryFeatures(): Promise<FeatureStore> {
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, featureMigrations);
  return createFeatureStore(database, { now: () => 0, sleep: async () => undefined });
}

/** An index that shows its points by chunk id, how often it was built, and can fail. */
function memoryIndex() {
  let current: IndexDescription | undefined;
  const held = new Map<string, VectorPoint>();
  const index = {
    failures: 0,
    buildCount: 0,
    get points() {
      return [...held.values()];
    },
    describe: async () => current,
    async build({ embedder, featuresVersion, points }: IndexBuild) {
      held.clear();
      index.buildCount++;
      return write({ embedder, featuresVersion, points, removedIds: [] });
    },
    update: (update: IndexUpdate) => write(update),
    search: async () => [],
    searchMany: async () => [],
    countTerms: async () => ({ chunkCount: 0, holding: new Map<string, number>() }),
    async *listIds() {
      yield [...held.keys()];
    },
    fingerprint: async () => "",
    close: async () => undefined,
  };
  async function write({ embedder, featuresVersion, points, removedIds }: IndexUpdate): Promise<IndexDescription> {
    for (const id of removedIds) held.delete(id);
    for await (const batch of points) for (const point of batch) held.set(point.chunk.id, point);
    if (index.failures-- > 0) throw new RangeError("the disk is full");
    current = { embedder, dimensions: 2, pointCount: held.size, generation: "1", featuresVersion };
    return current;
  }
  return index satisfies VectorIndex;
}

const open = async () => ({
  features: await memoryFeatures(),
  vectors: memoryIndex(),
  embedders: testEmbedders(),
  artifacts: memoryArtifacts(),
});

/** Loads documents as the pipeline does; gives the embedder's hash. */
async function load(
  ports: Awaited<ReturnType<typeof open>>,
  documents: readonly CleanedDocument[],
  corpus: readonly string[],
): Promise<ContentHash> {
  const { embedder, model } = await prepareEmbedder(ports, () => corpus);
  await loadFeatures({
    features: ports.features,
    documents: embedDocuments(documents, { embedder, model, targetTokens: 3 }),
  });
  await loadIndex({ ...ports, embedder });
  return embedder;
}

describe("embedding", () => {
  it("embeds equal texts once, and gives a vector for each chunk in order", async () => {
    const ports = await open();
    const { model } = await prepareEmbedder(ports, () => ["x", "y"]);
    const chunks = chunksOf(cleaned("a", "one two three\n\nfour five six"), cleaned("b", "one two three"));
    const vectors = await vectorsOf(chunks, model);
    expect(ports.embedders.embedded).toEqual(["A\none two three", "A\nfour five six"]);
    expect(vectors.map((each) => [...each])).toEqual([
      [15, 2],
      [15, 2],
      [15, 2],
    ]);
  });

  it("embeds a chunk under its title and headings where the window allows", async () => {
    const ports = await open();
    const { model } = await prepareEmbedder(ports, () => ["x"]);
    await vectorsOf(chunksOf(cleaned("a", "# h\n\none\n\n1 2 3 4 5 6")), model);
    expect(ports.embedders.embedded).toEqual(["A\nh\n# h\n\none", "1 2 3 4 5 6"]);
  });

  it("stores the embedder under the hash that it gives, and asks for a corpus only where it learns from one", async () => {
    const ports = await open();
    const { embedder } = await prepareEmbedder(ports, () => ["x"]);
    expect(Buffer.from(await ports.artifacts.get(embedder)).toString()).toBe("1");
    const fixed = { ...ports, embedders: { ...ports.embedders, fitted: false } };
    await prepareEmbedder(fixed, () => expect.fail("a corpus is asked for"));
  });

  it("learns from a draw of a large corpus, the same for the same texts, from all over it", async () => {
    const texts = Array.from({ length: 1_000 }, (_, i) => `${i}`);
    expect(await drawTexts(texts, 1_000)).toEqual(texts);
    const drawn = (await drawTexts(texts, 100)).map(Number);
    expect(await drawTexts(texts, 100)).toEqual(drawn.map(String));
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b));
    const thirds = [0, 1, 2].map((third) => drawn.filter((at) => Math.floor((at * 3) / 1_000) === third).length);
    expect(Math.min(...thirds)).toBeGreaterThan(22); // of 100; 33 expected
    expect(new Set(drawn).size).toBe(100);
  });

  it("goes through documents a few at a time, a row each, and leaves copies without chunks", async () => {
    const ports = await open();
    const { embedder, model } = await prepareEmbedder(ports, () => ["x"]);
    let taken = 0;
    const documents = (function* () {
      for (; taken < 40; taken++) yield cleaned(`d${taken}`, `text ${taken}`);
      yield { ...cleaned("copy", "text 1"), duplicateOf: "d1" };
    })();
    const rows = embedDocuments(documents, { embedder, model, targetTokens: 3 });
    const { value: first } = await rows.next();
    expect([first?.documentId, first?.chunks.length, taken]).toEqual(["d0", 1, 15]);
    const rest = await Array.fromAsync(rows);
    expect(rest.map(({ documentId }) => documentId)).toEqual([
      ...Array.from({ length: 39 }, (_, i) => `d${i + 1}`),
      "copy",
    ]);
    expect(rest.at(-1)).toEqual({ documentId: "copy", embedder, chunks: [] });
  });
});

describe("loading the index", () => {
  it("holds all chunks of the store by one embedder: others are embedded again when it changes", async () => {
    const ports = await open();
    await load(ports, [cleaned("a", "one two")], ["x"]);
    await load(ports, [cleaned("b", "three four")], ["x", "y"]);
    expect(ports.vectors.points.map(({ chunk, vector }) => [chunk.documentId, [...vector]])).toEqual([
      ["a", [9, 2]],
      ["b", [12, 2]],
    ]);
  });

  it("drops the chunks of a document that has become another or empty", async () => {
    const ports = await open();
    await load(ports, [cleaned("a", "one two three\n\nfour five six"), cleaned("b", "x")], ["x"]);
    await load(ports, [cleaned("a", "new"), cleaned("b", "")], ["x"]);
    expect(ports.vectors.points.map(({ chunk }) => chunk.text)).toEqual(["new"]);
  });

  it("heals on the next run after a crash between the features and the index, and gives the same again", async () => {
    const ports = await open();
    const documents = [cleaned("a", "one two")];
    ports.vectors.failures = 1;
    await expect(load(ports, documents, ["x"])).rejects.toThrow("the disk is full");
    expect([await ports.vectors.describe(), (await ports.features.read("chunks")).length]).toEqual([undefined, 1]);
    await load(ports, documents, ["x"]);
    const { points } = ports.vectors;
    await load(ports, documents, ["x"]);
    expect(points).toHaveLength(1);
    expect(ports.vectors.points).toEqual(points);
  });

  it("catches up in place while the embedder stays: only what came is embedded, and what went is gone", async () => {
    const ports = await open();
    await load(ports, [cleaned("a", "one two"), cleaned("b", "three")], ["x"]);
    const { embedder } = await prepareEmbedder(ports, () => ["x"]);
    await ports.features.write("chunks", chunksOf(cleaned("c", "four five")), ["a", "c"]);
    ports.embedders.embedded.length = 0;
    expect(await loadIndex({ ...ports, embedder })).toMatchObject({ featuresVersion: 2, pointCount: 2 });
    expect(ports.embedders.embedded).toEqual(["A\nfour five"]);
    expect(ports.vectors.points.map(({ chunk }) => chunk.documentId).sort()).toEqual(["b", "c"]);
    expect(ports.vectors.buildCount).toBe(1);
  });

  it("writes nothing when nothing changed, and a new index when it is told to", async () => {
    const ports = await open();
    const embedder = await load(ports, [cleaned("a", "one two")], ["x"]);
    ports.vectors.failures = 1;
    await loadIndex({ ...ports, embedder });
    await expect(loadIndex({ ...ports, embedder, whole: true })).rejects.toThrow("the disk is full");
    ports.vectors.failures = 0;
    await loadIndex({ ...ports, embedder, whole: true });
    expect(ports.vectors.buildCount).toBe(3);
  });

  it("takes in what was written while it was at work", async () => {
    const ports = await open();
    const late = chunksOf(cleaned("late", "six"));
    let writes = 1;
    const vectors = {
      ...ports.vectors,
      async build(build: IndexBuild) {
        const built = await ports.vectors.build(build);
        if (writes-- > 0) await ports.features.write("chunks", late, ["late"]);
        return built;
      },
    };
    await load({ ...ports, vectors }, [cleaned("a", "one")], ["x"]);
    expect(ports.vectors.points.map(({ chunk }) => chunk.documentId).sort()).toEqual(["a", "late"]);
  });

  it("builds anew where the index reflects versions that the store never had", async () => {
    const ports = await open();
    await load(ports, [cleaned("a", "one")], ["x"]);
    await load(ports, [cleaned("b", "two")], ["x"]);
    const fresh = { ...ports, features: await memoryFeatures() };
    await load(fresh, [cleaned("c", "three")], ["x"]);
    expect(ports.vectors.points.map(({ chunk }) => chunk.documentId)).toEqual(["c"]);
  });

  it("is compared with the store by id, and says what is missing and what is too much", async () => {
    const ports = await open();
    expect(await verifyIndex(ports)).toEqual({ featuresVersion: 0, indexVersion: null, missingIds: [], strayIds: [] });
    const chunks = chunksOf(cleaned("a", "one two three\n\nfour five six"));
    const embedder = await load(ports, [cleaned("a", "one two three\n\nfour five six")], ["x"]);
    const removedIds = [chunks[0]?.id ?? ""];
    const stray = { chunk: { ...chunks[0], id: "stray" } as Chunk, vector: Float32Array.of(1, 0) };
    await ports.vectors.update({ embedder, featuresVersion: 1, points: [[stray]], removedIds });
    expect(await verifyIndex(ports)).toEqual({
      featuresVersion: 1,
      indexVersion: 1,
      missingIds: removedIds,
      strayIds: ["stray"],
    });
  });
});
