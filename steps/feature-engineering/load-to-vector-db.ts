/** Cleaned documents into the feature store; embedded chunks into the feature store and then, with all others, the index. */

import { type Chunk, CleanedDocument, Folder, step } from "trilith";
import { fromEmbeddedFiles, loadFeatures, loadIndex } from "trilith/feature";
import { featuresKey, indexKey, touched } from "trilith/lineage";
import { z } from "zod";

const LoadReport = z.object({
  /** Versions of the feature groups after the write. */
  versions: z.object({ cleaned_documents: z.int(), chunks: z.int() }),
  /** The index that was built, where chunks were loaded. */
  index: z.object({ embedder: z.string(), dimensions: z.int(), pointCount: z.int() }).nullable(),
});

export const loadToVectorDb = step({
  name: "load_to_vector_db",
  input: z.object({ documents: z.union([z.array(CleanedDocument).readonly(), Folder]) }),
  output: LoadReport,
  uses: ["features", "vectors", "embedders", "artifacts"],
  cache: false,
  async run({ documents }, { workspace, metadata, progress, signal }) {
    if ("length" in documents) {
      const versions = await loadFeatures({ ...workspace, documents });
      metadata.log({ ...versions, num_documents: documents.length });
      metadata.log(touched({ writes: keysOf("cleaned_documents", documents, versions) }));
      return { versions, index: null };
    }
    const embedded = fromEmbeddedFiles(documents);
    const versions = await loadFeatures({ ...workspace, embedded });
    const built = await loadIndex({ ...workspace, embedded, onProgress: progress, signal });
    const { embedder, dimensions, pointCount, generation } = built;
    metadata.log({ ...versions, num_chunks: embedded.chunks.length, num_points: pointCount });
    metadata.log(
      touched({
        writes: [...keysOf("chunks", embedded.chunks, versions), indexKey(generation)],
        index: { generation, chunksVersion: versions.chunks },
      }),
    );
    return { versions, index: { embedder, dimensions, pointCount } };
  },
});

/** What was written of each author. */
function keysOf(
  group: "cleaned_documents" | "chunks",
  rows: readonly Pick<Chunk, "authorId">[],
  versions: z.infer<typeof LoadReport>["versions"],
): string[] {
  const authorIds = new Set(rows.map(({ authorId }) => authorId));
  return [...authorIds].map((authorId) => featuresKey(group, authorId, versions[group]));
}
