/** An embedder in front of a cache: a document's text is embedded once by a model, in whatever run it comes again. */

import type { EmbeddingCache } from "../../contracts/embeddings.ts";
import type { Embedders, EmbeddingModel } from "../../contracts/models.ts";
import { type ContentHash, hashBytes } from "../../core/hash.ts";

/**
 * The same embedders, whose models look documents up before they embed them, and keep what they embedded. Queries
 * pass through: they rarely come again, and wait for no table.
 */
export function withEmbeddingCache(embedders: Embedders, cache: EmbeddingCache): Embedders {
  return {
    ...embedders,
    async open(bytes) {
      const model = await embedders.open(bytes);
      return {
        ...model,
        isCached: true,
        embed: (texts, kind) => (kind === "query" ? model.embed(texts, kind) : embedDocuments(texts, model, cache)),
      };
    },
  };
}

async function embedDocuments(
  texts: readonly string[],
  model: EmbeddingModel,
  cache: EmbeddingCache,
): Promise<Float32Array[]> {
  const hashes = texts.map(hashBytes);
  const known = await cache.get(model.fingerprint, hashes);
  const missing = new Map<ContentHash, string>();
  for (const [i, hash] of hashes.entries()) if (!known.has(hash)) missing.set(hash, texts[i] ?? "");
  const made = missing.size > 0 ? await model.embed([...missing.values()], "document") : [];
  const fresh = new Map([...missing.keys()].map((hash, i) => [hash, made[i] ?? new Float32Array()]));
  await cache.put(model.fingerprint, fresh);
  return hashes.map((hash) => known.get(hash) ?? fresh.get(hash) ?? new Float32Array());
}
