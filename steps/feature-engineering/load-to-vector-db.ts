/** Cleaned documents into the feature store; embedded chunks into the feature store, and the index up to all that is there. */

import { CleanedDocument, rowsOf, step } from "trilith";
import { EmbeddedDocument, loadFeatures, loadIndex } from "trilith/feature";
import { featuresKey, indexKey, touched } from "trilith/lineage";
import { z } from "zod";

const LoadReport = z.object({
  /** Versions of the feature groups after the write. */
  versions: z.object({ cleaned_documents: z.int(), chunks: z.int() }),
  /** The index as it is now, where chunks were loaded. */
  index: z.object({ embedder: z.string(), dimensions: z.int(), pointCount: z.int() }).nullable(),
});

export const loadToVectorDb = step({
  name: "load_to_vector_db",
  /** Either; which of the two is told by the first row. */
  input: z.object({ documents: rowsOf(z.union([CleanedDocument, EmbeddedDocument])) }),
  output: LoadReport,
  uses: ["features", "vectors", "embedders", "artifacts"],
  /** Equal versions: nobody has written since. */
  async stands({ versions, index }, { features, vectors }) {
    if (index === null) return versions.cleaned_documents === (await features.version("cleaned_documents"));
    const now = await vectors.describe();
    const reflected = now?.embedder === index.embedder && now.featuresVersion === versions.chunks;
    return reflected && versions.chunks === (await features.version("chunks"));
  },
  async run({ documents }, { workspace, metadata, progress, signal }) {
    const authorIds = new Set<string>();
    let [documentCount, chunkCount] = [0, 0];
    let embedder: EmbeddedDocument["embedder"] | undefined;
    const onDocument = (document: CleanedDocument | EmbeddedDocument): void => {
      progress(++documentCount, documents.rowCount ?? documentCount);
      if ("text" in document) authorIds.add(document.authorId);
      else {
        embedder = document.embedder;
        chunkCount += document.chunks.length;
        for (const { authorId } of document.chunks) authorIds.add(authorId);
      }
    };
    const versions = await loadFeatures({ ...workspace, documents, onDocument });
    const written = (group: "cleaned_documents" | "chunks"): string[] =>
      [...authorIds].map((authorId) => featuresKey(group, authorId, versions[group]));
    if (embedder === undefined) {
      metadata.log({ ...versions, num_documents: documentCount });
      metadata.log(touched({ writes: written("cleaned_documents") }));
      return { versions, index: null };
    }
    const { generation, ...index } = await loadIndex({ ...workspace, embedder, onProgress: progress, signal });
    metadata.log({ ...versions, num_chunks: chunkCount, num_points: index.pointCount });
    metadata.log(
      touched({
        writes: [...written("chunks"), indexKey(generation)],
        index: { generation, chunksVersion: index.featuresVersion },
      }),
    );
    return { versions, index };
  },
});
