/**
 * Forgetting documents everywhere: contents of artifacts, vectors, features of every version, the
 * index, the warehouse. The warehouse is last, so that what is cut off is found and done again when the command is
 * given again.
 */

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FeatureStore, ForgottenRows } from "../../contracts/features.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { hashBytes } from "../../core/hash.ts";
import { embeddedTexts, loadIndex, prepareEmbedder } from "../../feature/index.ts";
import { type ErasedArtifacts, eraseArtifacts } from "./erase-artifacts.ts";
import type { ForgetPlan } from "./plan.ts";
import { createTraces, type Traces } from "./traces.ts";

/** What was taken away. */
export interface Forgotten {
  readonly documentCount: number;
  readonly versionCount: number;
  readonly features: readonly ForgottenRows[];
  /** Chunks of the index afterwards; `null` where there is none. */
  readonly indexPointCount: number | null;
  readonly artifacts: ErasedArtifacts;
  /** Paths of files of the report that held something of them and are gone. */
  readonly pages: readonly string[];
}

/** Takes the plan's documents out of the workspace. `onStage` is told what is being done. */
export async function forgetDocuments(
  workspace: Workspace,
  { documents, authorIds }: Pick<ForgetPlan, "documents" | "authorIds">,
  onStage: (stage: string) => void = () => undefined,
): Promise<Forgotten> {
  const documentIds = documents.map(({ id }) => id);
  const [warehouse, features] = [await workspace.open("warehouse"), await workspace.open("features")];
  onStage("reading what is to be forgotten");
  const traces = await tracesOf(workspace, documentIds);
  onStage("artifacts");
  const artifacts = await eraseArtifacts(workspace, traces);
  const pages = eraseReport(join(workspace.folder, "report"), traces);
  // What killed steps left to be gone on with: half-trained parameters may hold what was read.
  rmSync(join(workspace.folder, "work"), { recursive: true, force: true });
  onStage("models");
  await (await workspace.open("registry")).forgetDocuments(documentIds);
  onStage("features");
  await forgetVectors(workspace, documentIds);
  await (await workspace.open("answers")).forget(documentIds);
  const rows = await features.forget(documentIds);
  onStage("index");
  const indexPointCount = await rebuildIndex(workspace);
  onStage("warehouse");
  const counts = await warehouse.forget({ documentIds, authorIds });
  onStage("database");
  await workspace.compact?.();
  return { ...counts, features: rows, indexPointCount, artifacts, pages };
}

async function tracesOf(workspace: Workspace, documentIds: readonly string[]): Promise<Traces> {
  const [warehouse, features] = [await workspace.open("warehouse"), await workspace.open("features")];
  const chunks = await features.history("chunks", { documentIds });
  const traces = createTraces([...documentIds, ...chunks.map(({ row }) => row.id)]);
  for (const id of documentIds) {
    const latest = (await warehouse.findDocument(id))?.version ?? 0;
    for (let version = latest; version > 0; version--) {
      const document = await warehouse.findDocument(id, version);
      if (document) traces.add({ text: document.content, names: [document.title, document.source] });
    }
  }
  const cleaned = await features.history("cleaned_documents", { documentIds });
  for (const { row } of [...cleaned, ...chunks]) traces.add({ text: row.text, names: [row.title, row.source] });
  const forgotten = new Set(documentIds);
  for await (const { id, content, title, source } of warehouse.readDocuments()) {
    if (!forgotten.has(id)) traces.keep({ text: content, names: [title, source] });
  }
  return traces;
}

/** Files of the page that `trilith start` writes into the workspace. */
function eraseReport(folder: string, traces: Traces): string[] {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const pages = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => traces.isIn(readFileSync(path)));
  for (const path of pages) rmSync(path);
  return pages;
}

/** Vectors tell of what they were made of. Another document with the same text has its own made again. */
async function forgetVectors(workspace: Workspace, documentIds: readonly string[]): Promise<void> {
  const features = await workspace.open("features");
  const chunks = await features.history("chunks", { documentIds });
  await (await workspace.open("embeddingCache")).forget(chunks.flatMap(({ row }) => embeddedTexts(row).map(hashBytes)));
}

/**
 * A whole new index, as an engine only marks what is deleted: of the old one nothing is left. An embedder that learns
 * learns anew, for it knows words of what is forgotten; only where nothing is left to learn from does it stay.
 */
async function rebuildIndex(workspace: Workspace): Promise<number | null> {
  const { artifacts } = workspace;
  const [features, embedders] = [await workspace.open("features"), await workspace.open("embedders")];
  const vectors = await workspace.open("vectors");
  const index = await vectors.describe();
  if (index === undefined) return null;
  const { value: first } = await features.readBatches("chunks")[Symbol.asyncIterator]().next();
  const isLeft = embedders.fitted && first !== undefined;
  const { embedder } = isLeft ? await prepareEmbedder({ embedders, artifacts }, () => textsOf(features)) : index;
  const parts = { artifacts, features, vectors, embedders };
  const loaded = await loadIndex({ ...parts, embedder, whole: true, dropOthers: true });
  if (embedder !== index.embedder) await artifacts.delete(index.embedder);
  return loaded.pointCount;
}

async function* textsOf(features: FeatureStore): AsyncGenerator<string> {
  for await (const chunks of features.readBatches("chunks")) for (const { text } of chunks) yield text;
}
