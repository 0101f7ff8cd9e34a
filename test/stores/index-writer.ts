/**
 * A writer of features and their index on a real folder, with an embedder that hashes: what the crash tests and
 * benchmarks kill in the middle.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Chunk, FeatureStore } from "../../src/contracts/features.ts";
import type { Embedders, EmbeddingModel } from "../../src/contracts/models.ts";
import { fixtureChunk } from "../../src/contracts/records-fixture.ts";
import type { IndexDescription, VectorIndex } from "../../src/contracts/vectors.ts";
import { systemClock } from "../../src/core/clock.ts";
import { hashBytes, hashJson, shortHash } from "../../src/core/hash.ts";
import { entropyRandom, type Random } from "../../src/core/random.ts";
import { loadIndex } from "../../src/feature/index.ts";
import { createArtifactStore, filesBlobs } from "../../src/stores/artifacts/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../../src/stores/features/index.ts";
import { createVectorIndex, fileLock, lanceVectors, type VectorDriver } from "../../src/stores/vectors/index.ts";

export interface IndexWriter {
  readonly features: FeatureStore;
  readonly vectors: VectorIndex;
  load(whole?: boolean): Promise<IndexDescription>;
  close(): Promise<void>;
}

/** Opens the folder; `wrap` sees every call to the engine. */
export async function openIndexWriter(
  folder: string,
  wrap: (driver: VectorDriver) => VectorDriver = (driver) => driver,
): Promise<IndexWriter> {
  mkdirSync(folder, { recursive: true });
  const clock = systemClock();
  const database = openSqliteDatabase({ file: join(folder, "trilith.db") });
  await migrateDatabase(database, featureMigrations);
  const features = createFeatureStore(database, clock);
  const artifacts = createArtifactStore(filesBlobs({ folder: join(folder, "artifacts") }), clock);
  const vectors = createVectorIndex({
    driver: wrap(lanceVectors({ folder: join(folder, "index"), clock })),
    lock: fileLock(join(folder, "index.lock"), clock),
    clock,
    random: entropyRandom(),
  });
  const embedder = await artifacts.put("hashes");
  return {
    features,
    vectors,
    load: (whole = false) => loadIndex({ features, vectors, embedders, artifacts, embedder, whole }),
    async close() {
      await vectors.close();
      await database.destroy();
    },
  };
}

/** A document's chunks with words of their own: another `edition` has other words and ids. */
export function chunksOfDocument(documentId: string, edition: number, count: number): Chunk[] {
  return Array.from({ length: count }, (_, index) =>
    fixtureChunk({
      id: `chunk_${shortHash(hashJson([documentId, edition, index]))}`,
      documentId,
      documentVersion: edition + 1,
      source: `${documentId}.md`,
      title: documentId,
      index,
      start: index,
      end: index + 1,
      text: `edition${edition} part${index} of ${documentId}`,
      tokenCount: 4,
    }),
  );
}

/** Writes a few of twenty documents, each changed, grown, shrunk or emptied. */
export async function writeAtRandom(features: FeatureStore, random: Random): Promise<void> {
  const ids = Array.from({ length: 1 + random.integer(4) }, () => `document${random.integer(20)}`);
  const documentIds = [...new Set(ids)];
  const chunks = documentIds.flatMap((id) => chunksOfDocument(id, random.integer(1_000), random.integer(6)));
  await features.write("chunks", chunks, documentIds);
}

const DIMENSIONS = 8;

const model: EmbeddingModel = {
  fingerprint: "hashes",
  dimensions: DIMENSIONS,
  maxInputTokens: 1_000,
  countTokens: (text) => text.length,
  async embed(texts) {
    return texts.map((text) => {
      const digits = hashBytes(text).slice("sha256:".length);
      const vector = Float32Array.from({ length: DIMENSIONS }, (_, i) => Number.parseInt(digits[i] ?? "0", 16) - 7.5);
      return vector.map((value) => value / Math.hypot(...vector));
    });
  },
};

const embedders: Embedders = {
  ...model,
  fitted: false,
  prepare: async () => new Uint8Array(),
  open: async () => model,
};
