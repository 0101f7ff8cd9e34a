/** Features into their store, some documents at a time. Loading the same again changes nothing and makes no version. */

import type { CleanedDocument, FeatureGroupName, FeatureStore } from "../../contracts/features.ts";
import type { EmbeddedChunks } from "../embed/embed-chunks.ts";

/** What is loaded into which store; what is left out is left as it is. */
export interface LoadFeaturesOptions {
  readonly features: FeatureStore;
  readonly documents?: AsyncIterable<CleanedDocument> | Iterable<CleanedDocument>;
  readonly embedded?: Pick<EmbeddedChunks, "chunks" | "documentIds">;
  /** Called for each document that is loaded. */
  readonly onDocument?: (document: CleanedDocument) => void;
}

/** Documents of one write: a version of their group each, so that none waits long for another. */
const BATCH_DOCUMENTS = 1_000;

/** Replaces the rows of the documents given, and of no others; gives the versions after the write. */
export async function loadFeatures({
  features,
  documents = [],
  embedded,
  onDocument,
}: LoadFeaturesOptions): Promise<Readonly<Record<FeatureGroupName, number>>> {
  for await (const batch of inBatches(documents, BATCH_DOCUMENTS)) {
    await features.write(
      "cleaned_documents",
      batch,
      batch.map(({ id }) => id),
    );
    for (const document of batch) onDocument?.(document);
  }
  if (embedded) await features.write("chunks", embedded.chunks, embedded.documentIds);
  return {
    cleaned_documents: await features.version("cleaned_documents"),
    chunks: await features.version("chunks"),
  };
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
