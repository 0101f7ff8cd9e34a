/** Cleaned documents as chunks with vectors. An embedder that learns does so from the whole warehouse, not from one author. */

import { type Chunk, CleanedDocument, rows, rowsOf, step } from "trilith";
import {
  cleanDocument,
  documentChunker,
  EmbeddedDocument,
  embedDocuments,
  findBoilerplate,
  maskPii,
  prepareEmbedder,
} from "trilith/feature";
import { z } from "zod";

export const chunkAndEmbed = step({
  name: "chunk_and_embed",
  input: z.object({
    documents: rowsOf(CleanedDocument),
    /** Size that chunks grow up to, in the embedder's tokens; by default three quarters of its window. */
    target_tokens: z.int().positive().optional(),
  }),
  outputs: { embedded_documents: rows(EmbeddedDocument) },
  uses: ["warehouse", "embedders", "artifacts"],
  async run({ documents, target_tokens: targetTokens }, { workspace, metadata, progress, signal }) {
    const { warehouse, embedders } = workspace;
    const { embedder, model } = await prepareEmbedder(workspace, async function* () {
      const read = () => warehouse.readDocuments();
      const [boilerplate, chunk] = [await findBoilerplate(read()), documentChunker(embedders, targetTokens)];
      // What it learns is kept with it: never anybody's address or key, whether texts are masked or not.
      for await (const raw of read()) {
        for (const { text } of chunk(cleanDocument(raw, boilerplate))) yield maskPii(text).text;
      }
    });
    const embed = async function* (): AsyncGenerator<EmbeddedDocument> {
      const sizes = createChunkSizes();
      let count = 0;
      const onDocument = (document: CleanedDocument, chunks: readonly Chunk[]): void => {
        sizes.add(document, chunks);
        progress(++count, documents.rowCount ?? count);
      };
      yield* embedDocuments(documents, { embedder, model, targetTokens, onDocument, signal });
      const { authors, chunkCount, byKind } = sizes.toJson();
      metadata.log({
        num_documents: count,
        num_chunks: chunkCount,
        num_embedded_chunks: chunkCount,
        chunking: byKind,
        embedding: {
          embedding_model_id: embedders.fingerprint,
          embedder,
          embedding_size: model.dimensions,
          max_input_length: embedders.maxInputTokens,
          authors,
        },
      });
    };
    return { embedded_documents: embed() };
  },
});

/** Sizes of chunks by kind of document, counted as they pass. */
function createChunkSizes() {
  const kinds = new Map<string, { count: number; tokens: number; max: number; authors: Set<string> }>();
  const everybody = new Set<string>();
  return {
    add({ kind, authorFullName }: CleanedDocument, chunks: readonly Chunk[]): void {
      const of = kinds.get(kind) ?? { count: 0, tokens: 0, max: 0, authors: new Set() };
      kinds.set(kind, of);
      everybody.add(authorFullName);
      if (chunks.length > 0) of.authors.add(authorFullName);
      for (const { tokenCount } of chunks) {
        of.count++;
        of.tokens += tokenCount;
        of.max = Math.max(of.max, tokenCount);
      }
    },
    toJson: () => ({
      authors: [...everybody],
      chunkCount: kinds.values().reduce((sum, { count }) => sum + count, 0),
      byKind: Object.fromEntries(
        [...kinds]
          .filter(([, { count }]) => count > 0)
          .map(([kind, { count, tokens, max, authors }]) => [
            kind,
            { num_chunks: count, mean_tokens: Math.round(tokens / count), max_tokens: max, authors: [...authors] },
          ]),
      ),
    }),
  };
}
