/** Vectors of chunks: a chunk is embedded under its title and headings, so that it is found by what it is about. */

import type { Chunk } from "../../contracts/features.ts";
import type { EmbeddingModel } from "../../contracts/models.ts";

/** Texts handed over at once: enough for a few calls of a remote model side by side. */
const BATCH = 256;

/** One vector a chunk, in order; chunks that read alike are embedded once. */
export async function vectorsOf(
  chunks: readonly Chunk[],
  model: EmbeddingModel,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const texts = chunks.map((chunk) => withContext(chunk, model));
  const unique = [...new Set(texts)];
  const known = new Map<string, Float32Array>();
  for (let start = 0; start < unique.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = unique.slice(start, start + BATCH);
    const vectors = await model.embed(batch, "document");
    for (const [i, vector] of vectors.entries()) known.set(batch[i] ?? "", vector);
  }
  return texts.map((text) => known.get(text) ?? new Float32Array(model.dimensions));
}

/** The texts that a chunk may be embedded as: under its title and headings, or alone where the window is too small. */
export function embeddedTexts({ title, headings, text }: Chunk): readonly [whole: string, alone: string] {
  return [[...new Set([title, ...headings]), text].join("\n"), text];
}

function withContext(chunk: Chunk, model: EmbeddingModel): string {
  const [whole, alone] = embeddedTexts(chunk);
  return model.countTokens(whole) <= model.maxInputTokens ? whole : alone;
}
