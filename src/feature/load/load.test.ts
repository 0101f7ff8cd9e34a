import { describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { Chunk, CleanedDocument, FeatureStore } from "../../contracts/features.ts";
import type { Embedders } from "../../contracts/models.ts";
import type { VectorIndex, VectorPoint } from "../../contracts/vectors.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { migrateDatabase, openSqliteDatabase } from "../../stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../stores/features/index.ts";
import { chunkDocument } from "../chunk/chunk-document.ts";
import { type EmbeddedChunks, embedChunks } from "../embed/embed-chunks.ts";
import { fromEmbeddedFiles, toEmbeddedFiles } from "../embed/embedded-files.ts";
import { loadFeatures } from "./load-features.ts";
import { loadIndex } from "./load-index.ts";

const countTokens = (text: string): number => text.split(/\s+/).length;

const cleaned = (id: string, text: string): CleanedDocument => ({
  id,
  version: 1,
  authorId: "ada",
  authorFullName: "Ada",
  kind: "note",
  platform: "folder",
  source: `${id}.md`,
  title: "t",
  publishedAt: null,
  language: null,
  tags: [],
  text,
  sourceLines: null,
  duplicateOf: null,
});
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

function memoryIndex(): VectorIndex & { points: readonly VectorPoint[]; failures: number } {
  const index = {
    points: [] as readonly VectorPoint[],
    failures: 0,
    describe: async () => undefined,
    async build(embedder: ContentHash, points: readonly VectorPoint[]) {
      if (index.failures-- > 0) throw new RangeError("the disk is full");
      index.points = points;
      return { embedder, dimensions: 2, pointCount: points.length, generation: "1" };
    },
    search: async () => [],
    countTerms: async () => ({ chunkCount: 0, holding: new Map<string, number>() }),
    fingerprint: async () => "",
    close: async () => undefined,
  };
  return index;
}

const open = async () => ({
  features: await memoryFeatures(),
  vectors: memoryIndex(),
  embedders: testEmbedders(),
  artifacts: memoryArtifacts(),
});

async function load(
  ports: Awaited<ReturnType<typeof open>>,
  chunks: readonly Chunk[],
  corpus: readonly string[],
): Promise<EmbeddedChunks> {
  const embedded = await embedChunks({ chunks, corpus, ...ports });
  await loadFeatures({ features: ports.features, embedded });
  await loadIndex({ ...ports, embedded });
  return embedded;
}

describe("embedding", () => {
  it("embeds equal texts once, and gives a vector for each chunk in order", async () => {
    const ports = await open();
    const chunks = chunksOf(cleaned("a", "one two three\n\nfour five six"), cleaned("b", "one two three"));
    const { vectors, dimensions } = await embedChunks({ chunks, corpus: ["x", "y"], ...ports });
    expect(ports.embedders.embedded).toEqual(["t\none two three", "t\nfour five six"]);
    const vector = [15, 2];
    expect([vectors.map((each) => [...each]), dimensions]).toEqual([[vector, vector, vector], 2]);
  });

  it("embeds a chunk under its title and headings where the window allows", async () => {
    const ports = await open();
    await embedChunks({ chunks: chunksOf(cleaned("a", "# h\n\none\n\n1 2 3 4 5 6")), corpus: ["x"], ...ports });
    expect(ports.embedders.embedded).toEqual(["t\nh\n# h\n\none", "1 2 3 4 5 6"]);
  });

  it("stores the embedder under the hash that it gives", async () => {
    const ports = await open();
    const { embedder } = await embedChunks({ chunks: [], corpus: ["x"], ...ports });
    expect(Buffer.from(await ports.artifacts.get(embedder)).toString()).toBe("1");
  });

  it("travels as files with 32-bit floats and comes back equal", async () => {
    const embedded = await embedChunks({
      chunks: chunksOf(cleaned("a", "one two")),
      documentIds: ["a", "empty"],
      corpus: ["x"],
      ...(await open()),
    });
    const files = toEmbeddedFiles(embedded);
    expect(files.get("vectors.f32")).toHaveLength(8);
    expect(fromEmbeddedFiles(files)).toEqual(embedded);
    expect(() => fromEmbeddedFiles(new Map([...files, ["vectors.f32", new Uint8Array(4)]]))).toThrow(
      /4 bytes for 1 chunks/,
    );
    files.delete("chunks.jsonl");
    expect(() => fromEmbeddedFiles(files)).toThrow(/chunks\.jsonl is missing/);
  });
});

describe("loading the index", () => {
  it("holds all chunks of the store by one embedder: others are embedded again when it changes", async () => {
    const ports = await open();
    await load(ports, chunksOf(cleaned("a", "one two")), ["x"]);
    await load(ports, chunksOf(cleaned("b", "three four")), ["x", "y"]);
    expect(ports.vectors.points.map(({ chunk, vector }) => [chunk.documentId, [...vector]])).toEqual([
      ["a", [9, 2]],
      ["b", [12, 2]],
    ]);
  });

  it("drops the chunks of a document that has become another or empty", async () => {
    const ports = await open();
    await load(ports, chunksOf(cleaned("a", "one two three\n\nfour five six"), cleaned("b", "x")), ["x"]);
    const embedded = await embedChunks({
      chunks: chunksOf(cleaned("a", "new")),
      documentIds: ["a", "b"],
      corpus: ["x"],
      ...ports,
    });
    await loadFeatures({ features: ports.features, embedded });
    await loadIndex({ ...ports, embedded });
    expect(ports.vectors.points.map(({ chunk }) => chunk.text)).toEqual(["new"]);
  });

  it("heals on the next run after a crash between the features and the index, and gives the same again", async () => {
    const ports = await open();
    const chunks = chunksOf(cleaned("a", "one two"));
    ports.vectors.failures = 1;
    await expect(load(ports, chunks, ["x"])).rejects.toThrow("the disk is full");
    expect([ports.vectors.points.length, (await ports.features.read("chunks")).length]).toEqual([0, 1]);
    await load(ports, chunks, ["x"]);
    const { points } = ports.vectors;
    await load(ports, chunks, ["x"]);
    expect(points).toHaveLength(1);
    expect(ports.vectors.points).toEqual(points);
  });
});
