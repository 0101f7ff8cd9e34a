import { describe, expect, it } from "vitest";
import type { EmbeddingCache } from "../../contracts/embeddings.ts";
import type { Embedders } from "../../contracts/models.ts";
import { withEmbeddingCache } from "./cached-embedders.ts";

function fakes(fingerprint = "model") {
  const embedded: string[] = [];
  const rows = new Map<string, Float32Array>();
  const embedders: Embedders = {
    fingerprint,
    fitted: false,
    maxInputTokens: 9,
    countTokens: (text) => text.length,
    prepare: async () => new Uint8Array(),
    open: async () => ({
      fingerprint,
      dimensions: 1,
      maxInputTokens: 9,
      countTokens: (text) => text.length,
      async embed(texts, kind) {
        embedded.push(...texts.map((text) => `${kind} ${text}`));
        return texts.map((text) => Float32Array.of(text.length));
      },
    }),
  };
  const cache: EmbeddingCache = {
    get: async (model, hashes) =>
      new Map(
        hashes.flatMap((hash) =>
          rows.has(model + hash) ? [[hash, rows.get(model + hash) ?? new Float32Array()]] : [],
        ),
      ),
    async put(model, vectors) {
      for (const [hash, vector] of vectors) rows.set(model + hash, vector);
    },
    models: async () => [],
    prune: async () => [],
    forget: async () => undefined,
  };
  return { embedders, cache, embedded };
}

describe("an embedder in front of a cache", () => {
  it("embeds each text once, also where it comes twice in one call, and gives vectors in order", async () => {
    const { embedders, cache, embedded } = fakes();
    const model = await withEmbeddingCache(embedders, cache).open(new Uint8Array());
    expect(await model.embed(["aa", "b", "aa"], "document")).toEqual(
      [[2], [1], [2]].map(([n = 0]) => Float32Array.of(n)),
    );
    const again = await withEmbeddingCache(embedders, cache).open(new Uint8Array());
    expect(await again.embed(["b", "ccc"], "document")).toEqual([Float32Array.of(1), Float32Array.of(3)]);
    expect(embedded).toEqual(["document aa", "document b", "document ccc"]);
  });

  it("lets queries through, and takes no vector of another model", async () => {
    const { embedders, cache, embedded } = fakes();
    const other = fakes("other");
    await (await withEmbeddingCache(embedders, cache).open(new Uint8Array())).embed(["aa"], "document");
    const model = await withEmbeddingCache(other.embedders, cache).open(new Uint8Array());
    await model.embed(["aa"], "document");
    await model.embed(["aa"], "query");
    expect([...embedded, ...other.embedded]).toEqual(["document aa", "document aa", "query aa"]);
  });
});
