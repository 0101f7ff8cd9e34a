/** Chunks with their vectors, and the embedder that made them, kept by its hash so that a query can be embedded alike. */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { Chunk } from "../../contracts/features.ts";
import type { Embedders, EmbeddingModel } from "../../contracts/models.ts";
import type { ContentHash } from "../../core/hash.ts";

/** What one run embedded. */
export interface EmbeddedChunks {
  /** The artifact that holds the embedder. */
  readonly embedder: ContentHash;
  readonly dimensions: number;
  /** Documents that were chunked, also those without a chunk: their earlier chunks are to go. */
  readonly documentIds: readonly string[];
  readonly chunks: readonly Chunk[];
  /** One a chunk, in order, each of `dimensions`. */
  readonly vectors: readonly Float32Array[];
}

/** What is embedded, by what, and where the embedder is kept. */
export interface EmbedOptions {
  readonly chunks: readonly Chunk[];
  /** Default: the documents of the chunks. */
  readonly documentIds?: readonly string[];
  /** What an embedder that learns learns from: as much as is known, not only these chunks. */
  readonly corpus: readonly string[];
  readonly embedders: Embedders;
  readonly artifacts: ArtifactStore;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const BATCH = 64;

/** Prepares the embedder on the corpus, stores it, and embeds the chunks with it. */
export async function embedChunks({
  chunks,
  corpus,
  embedders,
  artifacts,
  ...options
}: EmbedOptions): Promise<EmbeddedChunks> {
  const bytes = await embedders.prepare(corpus);
  const [embedder, model] = [await artifacts.put(bytes), await embedders.open(bytes)];
  const vectors = await vectorsOf(chunks, model, options);
  const documentIds = options.documentIds ?? [...new Set(chunks.map(({ documentId }) => documentId))];
  return { embedder, dimensions: model.dimensions, documentIds, chunks, vectors };
}

/** One vector a chunk, in order; chunks that read alike are embedded once. */
export async function vectorsOf(
  chunks: readonly Chunk[],
  model: EmbeddingModel,
  { onProgress, signal }: Pick<EmbedOptions, "onProgress" | "signal"> = {},
): Promise<Float32Array[]> {
  const texts = chunks.map((chunk) => withContext(chunk, model));
  const unique = [...new Set(texts)];
  const known = new Map<string, Float32Array>();
  for (let start = 0; start < unique.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = unique.slice(start, start + BATCH);
    const vectors = await model.embed(batch, "document");
    for (const [i, vector] of vectors.entries()) known.set(batch[i] ?? "", vector);
    onProgress?.(Math.min(start + BATCH, unique.length), unique.length);
  }
  return texts.map((text) => known.get(text) ?? new Float32Array(model.dimensions));
}

/** The chunk under its title and headings, so that it is found by what it is about; alone where the window is too small. */
function withContext({ title, headings, text }: Chunk, model: EmbeddingModel): string {
  const whole = [...new Set([title, ...headings]), text].join("\n");
  return model.countTokens(whole) <= model.maxInputTokens ? whole : text;
}
