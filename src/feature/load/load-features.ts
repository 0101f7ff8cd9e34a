/** Features into their store, some documents at a time. Loading the same again changes nothing and makes no version. */

import type { CleanedDocument, FeatureGroupName, FeatureStore } from "../../contracts/features.ts";
import type { EmbeddedDocument } from "../embed/embed-documents.ts";

/** A document as it was cleaned, or as it was chunked. */
export type LoadableDocument = CleanedDocument | EmbeddedDocument;

/** What is loaded into which store. */
export interface LoadFeaturesOptions {
  readonly features: FeatureStore;
  readonly documents: AsyncIterable<LoadableDocument> | Iterable<LoadableDocument>;
  /** Called for each document that was loaded. */
  readonly onDocument?: (document: LoadableDocument) => void;
}

/** Documents of one write, which is a version of their group: so no write holds up others for long. */
const BATCH_DOCUMENTS = 1_000;

/** Replaces the rows of the documents given, and of no others; gives the versions after the last write. */
export async function loadFeatures({
  features,
  documents,
  onDocument,
}: LoadFeaturesOptions): Promise<Readonly<Record<FeatureGroupName, number>>> {
  for await (const batch of inBatches(documents, BATCH_DOCUMENTS)) {
    await writeCleaned(features, batch.filter(isCleaned));
    await writeChunks(features, batch.filter(isEmbedded));
    for (const document of batch) onDocument?.(document);
  }
  return {
    cleaned_documents: await features.version("cleaned_documents"),
    chunks: await features.version("chunks"),
  };
}

const isCleaned = (document: LoadableDocument): document is CleanedDocument => "text" in document;
const isEmbedded = (document: LoadableDocument): document is EmbeddedDocument => "chunks" in document;

async function writeCleaned(features: FeatureStore, documents: readonly CleanedDocument[]): Promise<void> {
  const ids = documents.map(({ id }) => id);
  if (ids.length > 0) await features.write("cleaned_documents", documents, ids);
}

async function writeChunks(features: FeatureStore, documents: readonly EmbeddedDocument[]): Promise<void> {
  const ids = documents.map(({ documentId }) => documentId);
  const chunks = documents.flatMap((document) => document.chunks);
  if (ids.length > 0) await features.write("chunks", chunks, ids);
}

async function* inBatches<T>(rows: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const row of rows) {
    if (batch.push(row) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
