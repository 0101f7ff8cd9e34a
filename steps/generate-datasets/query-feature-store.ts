/** One author's cleaned documents and their chunks, as the feature store has them now. */

import { Chunk, CleanedDocument, jsonl, step } from "trilith";
import { cleanedKey, featuresKey, touched } from "trilith/lineage";
import { z } from "zod";

export const queryFeatureStore = step({
  name: "query_feature_store",
  input: z.object({ author_id: z.string() }),
  outputs: { documents: jsonl(CleanedDocument), chunks: jsonl(Chunk) },
  uses: ["features"],
  async run({ author_id }, { workspace: { features }, metadata }) {
    const versions = {
      cleaned_documents: await features.version("cleaned_documents"),
      chunks: await features.version("chunks"),
    };
    const authorIds = [author_id];
    const documents = await features.read("cleaned_documents", { version: versions.cleaned_documents, authorIds });
    const chunks = await features.read("chunks", { version: versions.chunks, authorIds });
    metadata.log({
      documents: documents.length,
      chunks: chunks.length,
      cleaned_documents_version: versions.cleaned_documents,
      chunks_version: versions.chunks,
    });
    metadata.log(
      touched({
        reads: (["cleaned_documents", "chunks"] as const).map((name) => featuresKey(name, author_id, versions[name])),
        holds: { documents: documents.map(cleanedKey) },
      }),
    );
    return { documents, chunks };
  },
});
