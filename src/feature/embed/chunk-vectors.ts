/** Vectors of chunks: a chunk is embedded under its title and headings, and a text that was embedded before is not again. */

import type { EmbeddingCache } from "../../contracts/embedding-cache.ts";
import type { Chunk } from "../../contracts/features.ts";
import type { EmbeddingModel } from "../../contracts/models.ts";

/** What makes the vectors, and what is known of them. */
export interface ChunkEmbedding {
  readonly model: EmbeddingModel;
  /** Default: nothing is kept. */
  readonly cache?: EmbeddingCache | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BATCH = 64;

/** One vector a chunk, in order; chunks that read alike are embedded once. */
export async function vectorsOf(
  chunks: readonly Chunk[],
  { model, cache, signal }: ChunkEmbedding,
): Promise<Float32Array[]> {
  const texts = chunks.map((chunk) => withContext(chunk, model));
  const unique = [...new Set(texts)];
  const known = new Map(await cache?.find(model.fingerprint, unique));
  const missing = unique.filter((text) => !known.has(text));
  const made = new Map<string, Float32Array>();
  for (let start = 0; start < missing.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = missing.slice(start, start + BATCH);
    const vectors = await model.embed(batch, "document");
    for (const [i, vector] of vectors.entries()) made.set(batch[i] ?? "", vector);
  }
  if (made.size > 0) await cache?.save(model.fingerprint, made);
  return texts.map((text) => known.get(text) ?? made.get(text) ?? new Float32Array(model.dimensions));
}

/** The texts under which the chunks' vectors are kept, whatever model made them. */
export function embeddedTexts({ title, headings, text }: Chunk): readonly string[] {
  return [[...new Set([title, ...headings]), text].join("\n"), text];
}

/** The chunk under its title and headings, so that it is found by what it is about; alone where the window is too small. */
function withContext(chunk: Chunk, model: EmbeddingModel): string {
  const [whole = "", alone = ""] = embeddedTexts(chunk);
  return model.countTokens(whole) <= model.maxInputTokens ? whole : alone;
}
