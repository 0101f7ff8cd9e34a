/** One author's cleaned documents and their chunks, as the feature store has them now. */

import { Chunk, CleanedDocument, jsonl, step } from "trilith";
import { z } from "zod";

export const queryFeatureStore = step({
  name: "query_feature_store",
  input: z.object({ author_id: z.string() }),
  outputs: { documents: jsonl(CleanedDocument), chunks: jsonl(Chunk) },
  uses: ["features"],
  async run({ author_id }, { workspace: { features }, metadata }) {
    const filter = { authorIds: [author_id] };
    const documents = await features.read("cleaned_documents", filter);
    const chunks = await features.read("chunks", filter);
    metadata.log({
      documents: documents.length,
      chunks: chunks.length,
      cleaned_documents_version: await features.version("cleaned_documents"),
    });
    return { documents, chunks };
  },
});
