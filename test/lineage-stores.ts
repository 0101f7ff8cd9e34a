/**
 * Stores in memory with what the three pipelines leave in them, written step by step as the engine would: for tests
 * of what is read back from all of them.
 */

import type { Provenance } from "../src/contracts/documents.ts";
import type { Chunk, CleanedDocument } from "../src/contracts/features.ts";
import type { ArtifactDraft, InvocationEntry, RunLease } from "../src/contracts/run-journal.ts";
import type { ArtifactRecord } from "../src/contracts/runs.ts";
import { hashBytes } from "../src/core/hash.ts";
import { createRandom } from "../src/core/random.ts";
import {
  cleanedKey,
  documentKey,
  featuresKey,
  indexKey,
  modelKey,
  type Touched,
  touched,
} from "../src/lineage/index.ts";
import { migrateDatabase, openSqliteDatabase } from "../src/stores/database/index.ts";
import { createFeatureStore, featureMigrations } from "../src/stores/features/index.ts";
import { createModelRegistry, registryMigrations } from "../src/stores/registry/index.ts";
import { createRunJournal, runMigrations } from "../src/stores/runs/index.ts";
import { createVectorIndex, memoryVectors } from "../src/stores/vectors/index.ts";
import { createWarehouse, warehouseMigrations } from "../src/stores/warehouse/index.ts";

/** Every store, empty and in memory, and a clock that goes on with every look. */
export async function openStores() {
  const database = openSqliteDatabase({ file: ":memory:" });
  await migrateDatabase(database, [
    ...runMigrations,
    ...warehouseMigrations,
    ...featureMigrations,
    ...registryMigrations,
  ]);
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => ++now, sleep: async () => undefined };
  return {
    runs: createRunJournal(database, { clock }),
    warehouse: createWarehouse(database, clock),
    features: createFeatureStore(database, clock),
    vectors: createVectorIndex({ driver: memoryVectors(), clock, random: createRandom(1) }),
    registry: createModelRegistry(database, clock),
  };
}
export type Stores = Awaited<ReturnType<typeof openStores>>;

export const startRun = ({ runs }: Stores, id: string): Promise<RunLease> =>
  runs.createRun({ id, name: id, pipeline: id, parameters: {}, config: {} });

export const entry = (id: string, rest: Partial<InvocationEntry> = {}): InvocationEntry => ({
  id,
  kind: "step",
  parentId: null,
  step: id,
  displayName: id,
  after: [],
  inputs: [],
  codeDigest: null,
  cacheKey: null,
  keyParts: null,
  tags: [],
  wait: null,
  ...rest,
});

export const draft = (name: string, content: string, output = "output"): ArtifactDraft => ({
  name,
  hash: hashBytes(content),
  sizeBytes: content.length,
  materializer: "json",
  schemaId: "",
  preview: null,
  output,
  content: Buffer.from(content),
});

export interface StepGiven {
  readonly inputs?: readonly ArtifactRecord[];
  readonly outputs?: readonly ArtifactDraft[];
  readonly touched?: Touched;
  readonly entry?: Partial<InvocationEntry>;
}

/** A step that ran: it read the inputs, said what it touched, and made the outputs. */
export async function ran(lease: RunLease, id: string, given: StepGiven = {}): Promise<ArtifactRecord[]> {
  const inputs = (given.inputs ?? []).map((each, i) => ({ path: `${i}`, hash: each.hash, artifactId: each.id }));
  const attempt = await lease.startAttempt(entry(id, { inputs, ...given.entry }), "inline");
  const metadata = Object.entries(touched(given.touched ?? {})).map(([key, value]) => ({
    invocationId: id,
    key,
    value,
  }));
  await attempt.append({ logs: [], metrics: [], metadata });
  return attempt.finish({ state: "completed", final: true, error: null, artifacts: given.outputs ?? [] });
}

const origin: Omit<Provenance, "authorId" | "authorFullName" | "source" | "title"> = {
  kind: "note",
  platform: "folder",
  publishedAt: null,
  language: null,
  tags: [],
};

export async function collect(stores: Stores, authorName: string, count: number) {
  const author = await stores.warehouse.saveAuthor(authorName);
  const documents = [];
  for (let i = 0; i < count; i++) {
    const source = `${authorName}/${i}.md`;
    const raw = { ...origin, source, title: `${authorName} ${i}`, format: "markdown", content: `text ${i}` } as const;
    documents.push((await stores.warehouse.saveDocument(author, raw)).document);
  }
  const lease = await startRun(stores, `etl-${authorName}`);
  await ran(lease, "crawl_links-0001", { touched: { writes: documents.map(documentKey) } });
  const cleaned = documents.map(
    ({ id, version, title, source, content }): CleanedDocument => ({
      ...origin,
      id,
      version,
      title,
      source,
      text: content,
      authorId: author.id,
      authorFullName: authorName,
      sourceLines: null,
      duplicateOf: null,
    }),
  );
  return { author, documents, cleaned };
}
export type Collected = Awaited<ReturnType<typeof collect>>;

const chunkOf = ({ id, version, text, sourceLines: _, duplicateOf: __, ...rest }: CleanedDocument): Chunk => ({
  ...rest,
  id: `chunk-${id}`,
  documentId: id,
  documentVersion: version,
  index: 0,
  start: 0,
  end: text.length,
  text,
  headings: [],
  tokenCount: 2,
  sourceLines: null,
});

/** The feature pipeline as the journal sees it: every author's documents through one artifact. */
export async function engineer(stores: Stores, runId: string, collected: readonly Collected[]): Promise<void> {
  const lease = await startRun(stores, runId);
  const cleaned = collected.flatMap((each) => each.cleaned);
  const ids = cleaned.map(({ id }) => id);
  const holds = { raw_documents: collected.flatMap(({ documents }) => documents.map(documentKey)) };
  const raw = await ran(lease, "query_data_warehouse-0001", {
    outputs: [draft("query_data_warehouse.raw_documents", `${runId} raw`, "raw_documents")],
    touched: { holds },
  });
  const cleanedArtifact = await ran(lease, "clean_documents-0001", {
    inputs: raw,
    outputs: [draft("clean_documents", `${runId} cleaned`)],
  });
  const versions = {
    cleaned_documents: await stores.features.write("cleaned_documents", cleaned, ids),
    chunks: await stores.features.write("chunks", cleaned.map(chunkOf), ids),
  };
  const points = (await stores.features.read("chunks")).map((chunk) => ({ chunk, vector: Float32Array.of(1) }));
  const { generation } = await stores.vectors.build({
    embedder: "sha256:e",
    featuresVersion: versions.chunks,
    points: [points],
  });
  const groups = ["cleaned_documents", "chunks"] as const;
  const writes = collected.flatMap(({ author }) => groups.map((name) => featuresKey(name, author.id, versions[name])));
  await ran(lease, "load_to_vector_db-0001", {
    inputs: cleanedArtifact,
    touched: { writes: [...writes, indexKey(generation)], index: { generation, chunksVersion: versions.chunks } },
  });
}

/** The training pipeline as the journal sees it; the author's last document is held out. */
export async function train(stores: Stores, runId: string, { author, cleaned, documents }: Collected): Promise<void> {
  const lease = await startRun(stores, runId);
  const { features } = stores;
  const reads = [featuresKey("cleaned_documents", author.id, await features.version("cleaned_documents"))];
  const queried = await ran(lease, "query_feature_store-0001", {
    outputs: [draft("query_feature_store.documents", `${author.id} rows`, "documents")],
    touched: { reads, holds: { documents: cleaned.map(cleanedKey) } },
  });
  const [samples, heldOut] = [`${author.id} samples`, `${author.id} held out`];
  const datasets = { train: cleaned.slice(0, -1).map(cleanedKey), test: cleaned.slice(-1).map(cleanedKey) };
  const [dataset] = await ran(lease, "generate_dataset-0001", {
    inputs: queried,
    outputs: [draft("generate_dataset.train", samples, "train"), draft("generate_dataset.test", heldOut, "test")],
    touched: { datasets },
  });
  if (dataset === undefined) throw new RangeError("the journal gave no artifact");
  const adapter = await ran(lease, "train-0001", { inputs: [dataset], outputs: [draft("train.adapter", `${runId}`)] });
  const model = await stores.registry.register({
    name: `twin-${author.id}`,
    rights: "own",
    files: { adapter: `${author.id} adapter` },
    metrics: {},
    lineage: {
      runId,
      authorId: author.id,
      authorFullName: author.fullName,
      datasetHash: hashBytes(samples),
      documents: documents.slice(0, -1).map(documentKey),
      baseModel: "base",
      baseFingerprint: "f",
    },
  });
  await ran(lease, "register_model-0001", { inputs: adapter, touched: { writes: [modelKey(model)] } });
}

/** `<document>@<version>` of one of the collected documents. */
export const keyOf = (of: Collected, index: number): string => {
  const document = of.documents[index];
  return document ? documentKey(document) : "";
};
