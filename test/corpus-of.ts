/**
 * A small corpus behind the real index for tests: the memory driver, artifacts in a map, and an embedder that counts
 * letters, so that every number is known.
 */

import type { ArtifactStore } from "../src/contracts/artifacts.ts";
import type { Chunk } from "../src/contracts/features.ts";
import type { Embedders, EmbeddingModel } from "../src/contracts/models.ts";
import { fixtureChunk } from "../src/contracts/records-fixture.ts";
import { type ContentHash, hashBytes, hashJson, shortHash } from "../src/core/hash.ts";
import { createRandom } from "../src/core/random.ts";
import type { RetrieverPorts } from "../src/inference/retriever.ts";
import { createVectorIndex, memoryVectors } from "../src/stores/vectors/index.ts";

export interface Note {
  readonly author: string;
  readonly text: string;
  readonly title?: string;
}

export interface Corpus {
  readonly ports: RetrieverPorts;
  /** How often an embedder was opened. */
  readonly opened: { count: number };
  /** Every text that was embedded, in order. */
  readonly embedded: string[];
  /** Builds the index again, with the embedder of that name. */
  build(embedder: string): Promise<void>;
  authorId(author: string): string;
}

/** One chunk and one document a note. */
export async function corpusOf(notes: readonly Note[], { maxInputTokens = 10_000 } = {}): Promise<Corpus> {
  const [opened, embedded] = [{ count: 0 }, [] as string[]];
  const artifacts = memoryArtifacts();
  const vectors = createVectorIndex({
    driver: memoryVectors(),
    clock: { now: () => 0, sleep: async () => undefined },
    random: createRandom(1),
  });
  const model = letterModel(maxInputTokens, embedded);
  const embedders: Embedders = {
    ...model,
    fitted: false,
    prepare: async () => new Uint8Array(),
    async open() {
      opened.count++;
      return model;
    },
  };
  const build = async (embedder: string): Promise<void> => {
    const chunks = notes.map(toChunk);
    const made = await model.embed(
      chunks.map(({ text }) => text),
      "document",
    );
    const points = chunks.map((chunk, index) => ({ chunk, vector: made[index] ?? new Float32Array(26) }));
    await vectors.build({ embedder: await artifacts.put(embedder), featuresVersion: 1, points: [points] });
    embedded.length = 0;
  };
  await build("letters");
  return { ports: { vectors, embedders, artifacts }, opened, embedded, build, authorId };
}

const authorId = (author: string): string => `author-${author.toLowerCase()}`;

function toChunk({ author, text, title = "" }: Note, index: number): Chunk {
  return fixtureChunk({
    id: `chunk-${shortHash(hashJson([author, text, index]))}`,
    documentId: `document-${index}`,
    documentVersion: 2,
    authorId: authorId(author),
    authorFullName: author,
    source: `notes/${index}.md`,
    title,
    start: 100,
    end: 100 + text.length,
    text,
    tokenCount: text.length,
    sourceLines: text.split("\n").map((_, i) => 7 + i),
  });
}

function letterModel(maxInputTokens: number, embedded: string[]): EmbeddingModel {
  return {
    fingerprint: "letters",
    dimensions: 26,
    maxInputTokens,
    countTokens: (text) => text.length,
    async embed(texts) {
      embedded.push(...texts);
      return texts.map((text) => {
        const counts = new Float32Array(26);
        for (const letter of text.toLowerCase().match(/[a-z]/g) ?? []) counts[letter.charCodeAt(0) - 97]!++;
        const length = Math.hypot(...counts) || 1;
        return counts.map((count) => count / length);
      });
    },
  };
}

function memoryArtifacts(): ArtifactStore {
  const contents = new Map<ContentHash, Uint8Array>();
  return {
    async put(content) {
      const hash = hashBytes(content);
      contents.set(hash, new TextEncoder().encode(String(content)));
      return hash;
    },
    get: async (hash) => contents.get(hash) ?? new Uint8Array(),
    has: async (hash) => contents.has(hash),
    async delete(hash) {
      contents.delete(hash);
    },
  };
}
