/** Cleaned documents as chunks with vectors. The embedder learns from the whole warehouse, not from one author alone. */

import { type Chunk, CleanedDocument, type Embedders, folder, type RawDocument, rowsOf, step } from "trilith";
import { chunkDocument, cleanDocument, embedChunks, findBoilerplate, toEmbeddedFiles } from "trilith/feature";
import { z } from "zod";

export const chunkAndEmbed = step({
  name: "chunk_and_embed",
  input: z.object({
    documents: rowsOf(CleanedDocument),
    /** Size that chunks grow up to, in the embedder's tokens; by default three quarters of its window. */
    target_tokens: z.int().positive().optional(),
  }),
  outputs: { embedded_documents: folder() },
  uses: ["warehouse", "embedders", "artifacts"],
  async run({ documents: rows, target_tokens }, { workspace, metadata, progress, signal }) {
    const { warehouse, embedders, artifacts } = workspace;
    const documents = await Array.fromAsync(rows);
    const chunk = chunker(embedders, target_tokens);
    const chunks = documents.flatMap(chunk);
    const corpus = (await cleanAll(await warehouse.listDocuments())).flatMap(chunk);
    const embedded = await embedChunks({
      chunks,
      documentIds: documents.map(({ id }) => id),
      corpus: corpus.map(({ text }) => text),
      embedders,
      artifacts,
      onProgress: progress,
      signal,
    });
    const authors = [...new Set(documents.map(({ authorFullName }) => authorFullName))];
    metadata.log({
      num_documents: documents.length,
      num_chunks: chunks.length,
      num_embedded_chunks: embedded.vectors.length,
      chunking: Object.fromEntries(
        [...Map.groupBy(chunks, ({ kind }) => kind)].map(([kind, members]) => [kind, sizesOf(members)]),
      ),
      embedding: {
        embedding_model_id: embedders.fingerprint,
        embedder: embedded.embedder,
        embedding_size: embedded.dimensions,
        max_input_length: embedders.maxInputTokens,
        authors,
      },
    });
    return { embedded_documents: toEmbeddedFiles(embedded) };
  },
});

function chunker(embedders: Embedders, targetTokens: number | undefined): (document: CleanedDocument) => Chunk[] {
  const { maxInputTokens: maxTokens } = embedders;
  const options = { countTokens: (text: string) => embedders.countTokens(text), maxTokens };
  return (document) => chunkDocument(document, targetTokens === undefined ? options : { ...options, targetTokens });
}

async function cleanAll(documents: readonly RawDocument[]): Promise<CleanedDocument[]> {
  const boilerplate = await findBoilerplate(documents);
  return documents.map((document) => cleanDocument(document, boilerplate));
}

function sizesOf(chunks: readonly Chunk[]): Record<string, number | string[]> {
  const sizes = chunks.map(({ tokenCount }) => tokenCount);
  return {
    num_chunks: chunks.length,
    mean_tokens: Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length),
    max_tokens: Math.max(...sizes),
    authors: [...new Set(chunks.map(({ authorFullName }) => authorFullName))],
  };
}
