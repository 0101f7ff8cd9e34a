/** Cleaned documents into the feature store; embedded chunks into the feature store and then, with all others, the index. */

import { CleanedDocument, Folder, rowsOf, step } from "trilith";
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
  input: z.object({ documents: z.union([Folder, rowsOf(CleanedDocument)]) }),
  output: LoadReport,
  uses: ["features", "vectors", "embedders", "artifacts"],
  cache: false,
  async run({ documents }, { workspace, metadata, progress, signal }) {
    if (!isFolder(documents)) {
      const authorIds = new Set<string>();
      let count = 0;
      const onDocument = ({ authorId }: CleanedDocument): void => {
        authorIds.add(authorId);
        progress(++count, documents.rowCount ?? count);
      };
      const versions = await loadFeatures({ ...workspace, documents, onDocument });
      metadata.log({ ...versions, num_documents: count });
      metadata.log(touched({ writes: keysOf("cleaned_documents", authorIds, versions) }));
      return { versions, index: null };
    }
    const embedded = fromEmbeddedFiles(documents);
    const versions = await loadFeatures({ ...workspace, embedded });
    const built = await loadIndex({ ...workspace, embedded, onProgress: progress, signal });
    const { embedder, dimensions, pointCount, generation } = built;
    metadata.log({ ...versions, num_chunks: embedded.chunks.length, num_points: pointCount });
    metadata.log(
      touched({
        writes: [
          ...keysOf("chunks", new Set(embedded.chunks.map(({ authorId }) => authorId)), versions),
          indexKey(generation),
        ],
        index: { generation, chunksVersion: versions.chunks },
      }),
    );
    return { versions, index: { embedder, dimensions, pointCount } };
  },
});

const isFolder = (value: object): value is Folder => value instanceof Map;

/** What was written of each author. */
function keysOf(
  group: "cleaned_documents" | "chunks",
  authorIds: ReadonlySet<string>,
  versions: z.infer<typeof LoadReport>["versions"],
): string[] {
  return [...authorIds].map((authorId) => featuresKey(group, authorId, versions[group]));
}
