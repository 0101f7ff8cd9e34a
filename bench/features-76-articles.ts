/** How long the 76 articles of the reference system take from its export to a search index: import, clean, chunk, embed, load. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chunkDocument,
  cleanDocument,
  embedChunks,
  findBoilerplate,
  importWarehouseJson,
  loadFeatures,
  loadIndex,
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
  const raw = await warehouse.listDocuments();
  const documents = await timed("clean", async () => {
    const boilerplate = await findBoilerplate(raw);
    return raw.map((document) => cleanDocument(document, boilerplate));
  });
  const chunks = await timed("chunk", () => {
    const options = { countTokens: embedders.countTokens, maxTokens: embedders.maxInputTokens };
    return documents.flatMap((document) => chunkDocument(document, options));
  });
  const corpus = chunks.map(({ text }) => text);
  const embedded = await timed("embed", () => embedChunks({ chunks, corpus, embedders, artifacts }));
  const index = await timed("load", async () => {
    await loadFeatures({ features, documents, embedded });
    return loadIndex({ features, vectors, embedders, artifacts, embedded });
  });
  await workspace.close();
  rmSync(folder, { recursive: true });
  const counts = { documents: documents.length, chunks: chunks.length, points: index.pointCount };
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
