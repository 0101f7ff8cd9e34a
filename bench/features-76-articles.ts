/** How long the 76 articles of the reference system take from its export to a search index: import, clean, chunk, embed, load. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  documentChunker,
  embedDocuments,
  importWarehouseJson,
  loadFeatures,
  loadIndex,
  openCleaner,
  prepareEmbedder,
} from "../src/feature/index.ts";
import { openWorkspace } from "../src/workspace.ts";
import { benchReport } from "./report.ts";

const EXPORT = join(import.meta.dirname, "../../shared/data/llm-twin/data_warehouse_raw_data");
const REPETITIONS = 3;

interface Repetition {
  readonly seconds: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** Every repetition begins with an empty workspace on disk. */
async function runOnce(): Promise<Repetition> {
  const folder = mkdtempSync(join(tmpdir(), "trilith-bench-"));
  const workspace = await openWorkspace({ folder });
  const [warehouse, features, vectors, embedders] = await Promise.all([
    workspace.open("warehouse"),
    workspace.open("features"),
    workspace.open("vectors"),
    workspace.open("embedders"),
  ]);
  const { artifacts } = workspace;
  const stages: Record<string, number> = {};
  const timed = async <T>(stage: string, work: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    stages[stage] = (performance.now() - start) / 1000;
    return result;
  };
  await timed("import", () => importWarehouseJson(EXPORT, warehouse));
  const read = () => warehouse.readDocuments();
  const documents = await timed("clean", async () => {
    const cleaner = await openCleaner(read);
    return Array.fromAsync(read(), (raw) => cleaner.clean(raw));
  });
  const embedded = await timed("chunk and embed", async () => {
    const chunk = documentChunker(embedders);
    const corpus = () => documents.flatMap(chunk).map(({ text }) => text);
    const { embedder, model } = await prepareEmbedder({ embedders, artifacts }, corpus);
    return Array.fromAsync(embedDocuments(documents, { embedder, model }));
  });
  const index = await timed("load", async () => {
    await loadFeatures({ features, documents });
    await loadFeatures({ features, documents: embedded });
    const [first] = embedded;
    if (first === undefined) throw new TypeError("no documents");
    return loadIndex({ features, vectors, embedders, artifacts, embedder: first.embedder });
  });
  await workspace.close();
  rmSync(folder, { recursive: true });
  const chunkCount = embedded.reduce((sum, { chunks }) => sum + chunks.length, 0);
  const counts = { documents: documents.length, chunks: chunkCount, points: index.pointCount };
  return { seconds: Object.values(stages).reduce((sum, each) => sum + each, 0), stages, counts };
}

if (existsSync(EXPORT)) {
  const repetitions: Repetition[] = [];
  for (let i = 0; i < REPETITIONS; i++) repetitions.push(await runOnce());
  benchReport({
    name: "features-76-articles",
    unit: "seconds",
    samples: repetitions.map(({ seconds }) => seconds),
    extra: { stages: repetitions.map(({ stages }) => stages), ...repetitions[0]?.counts },
  });
} else {
  process.stderr.write("features-76-articles is skipped: shared/data/llm-twin is not beside the project\n");
}
