/** Features into their store. Loading the same again changes nothing and makes no version. */

import type { CleanedDocument, FeatureStore } from "../../contracts/features.ts";
import type { EmbeddedChunks } from "../embed/embed-chunks.ts";

/** What is loaded into which store; what is left out is left as it is. */
export interface LoadFeaturesOptions {
  readonly features: FeatureStore;
  readonly documents?: readonly CleanedDocument[];
  readonly embedded?: Pick<EmbeddedChunks, "chunks" | "documentIds">;
}

/** Replaces the rows of the documents given, and of no others; gives the versions after the write. */
export async function loadFeatures({ features, documents, embedded }: LoadFeaturesOptions): Promise<{
  readonly cleaned_documents: number;
  readonly chunks: number;
}> {
  if (documents)
    await features.write(
      "cleaned_documents",
      documents,
      documents.map(({ id }) => id),
    );
  if (embedded) await features.write("chunks", embedded.chunks, embedded.documentIds);
  return {
    cleaned_documents: await features.version("cleaned_documents"),
    chunks: await features.version("chunks"),
  };
}
