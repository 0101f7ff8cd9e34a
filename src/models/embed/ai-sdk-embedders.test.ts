import { APICallError, type EmbeddingModelV4 } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { aiSdkEmbedders } from "./ai-sdk-embedders.ts";

/** A model whose vectors are [length of the text, 1, 0]; `answer` may change or refuse a call. */
function lengths(answer: (call: number, embeddings: number[][]) => number[][] = (_, embeddings) => embeddings) {
  const seen = { sizes: [] as number[], running: 0, mostAtOnce: 0, dimensions: new Set<number | undefined>() };
  const model: EmbeddingModelV4 = {
    specificationVersion: "v4",
    provider: "test",
    modelId: "lengths",
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls: true,
    async doEmbed({ values, dimensions }) {
      const call = seen.sizes.push(values.length);
      seen.dimensions.add(dimensions);
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.running--;
      return {
        embeddings: answer(
          call,
          values.map((value) => [value.length, 1, 0]),
        ),
        warnings: [],
      };
    },
  };
  return { model, seen };
}
const refusal = (statusCode: number): APICallError =>
  new APICallError({
    message: `refused with ${statusCode}`,
    url: "http://127.0.0.1/v1/embeddings",
    requestBodyValues: {},
    statusCode,
    responseHeaders: { "retry-after-ms": "1" },
  });
const open = async (options: Parameters<typeof aiSdkEmbedders>[0]) => {
  const embedders = aiSdkEmbedders(options);
  return embedders.open(await embedders.prepare([]));
};

describe("an embedding model of the AI SDK", () => {
  it("embeds in calls of the size that it takes, scales to unit length and keeps the order", async () => {
    const { model, seen } = lengths();
    const opened = await open({ model });
    expect(opened).toMatchObject({ fingerprint: "test/lengths", dimensions: 3 });
    seen.sizes.length = 0;
    const vectors = await opened.embed(["a", "bb", "ccc", "dddd", "eeeee"], "document");
    expect(seen.sizes).toEqual([2, 2, 1]);
    for (const [i, vector] of vectors.entries()) expect(vector[0]).toBeCloseTo((i + 1) / Math.hypot(i + 1, 1), 6);
    expect(await opened.embed([], "query")).toEqual([]);
  });

  it("makes no more calls at once than it may, and one after the other where the model says so", async () => {
    const texts = Array.from({ length: 20 }, (_, i) => "x".repeat(i));
    const parallel = lengths();
    await (await open({ model: parallel.model, maxParallelCalls: 3 })).embed(texts, "document");
    expect(parallel.seen.mostAtOnce).toBe(3);
    const alone = lengths();
    await (await open({ model: { ...alone.model, supportsParallelCalls: false } })).embed(texts, "document");
    expect(alone.seen.mostAtOnce).toBe(1);
  });

  it("sends 96 texts a call to a model that states no limit, and asks for the dimensions that were chosen", async () => {
    const { model, seen } = lengths();
    const opened = await open({ model: { ...model, maxEmbeddingsPerCall: undefined }, dimensions: 3 });
    await opened.embed(
      Array.from({ length: 100 }, () => "x"),
      "document",
    );
    expect(seen.sizes).toEqual([1, 96, 4]);
    expect([...seen.dimensions]).toEqual([3]);
    expect(opened.fingerprint).toBe("test/lengths@3");
  });

  it("asks again where a later call may succeed, and not where it cannot", async () => {
    const busy = lengths((call, embeddings) => {
      if (call === 2 || call === 3) throw refusal(429);
      return embeddings;
    });
    expect(await (await open({ model: busy.model })).embed(["abc"], "document")).toHaveLength(1);
    expect(busy.seen.sizes).toHaveLength(4);
    const forbidden = lengths((call, embeddings) => {
      if (call > 1) throw refusal(401);
      return embeddings;
    });
    const opened = await open({ model: forbidden.model });
    await expect(opened.embed(["abc"], "document")).rejects.toMatchObject({
      ...{ code: "embedding-model-failed", retryable: false, modelId: "test/lengths" },
    });
    expect(forbidden.seen.sizes).toHaveLength(2);
  });

  it("says when the provider went on failing, and that a later run may succeed", async () => {
    const down = lengths((call, embeddings) => {
      if (call > 1) throw refusal(503);
      return embeddings;
    });
    const opened = await open({ model: down.model, maxRetries: 1 });
    await expect(opened.embed(["abc"], "document")).rejects.toMatchObject({
      ...{ code: "embedding-model-failed", retryable: true },
    });
    expect(down.seen.sizes).toHaveLength(3);
  });

  it("refuses vectors of another length than the index has, and fewer than there are texts", async () => {
    const longer = lengths((call, embeddings) => (call === 1 ? embeddings : embeddings.map((each) => [...each, 0])));
    const few = lengths((call, embeddings) => (call === 1 ? embeddings : embeddings.slice(1)));
    for (const { model } of [longer, few]) {
      const opened = await open({ model });
      await expect(opened.embed(["a", "b"], "document")).rejects.toMatchObject({ code: "embedding-model-failed" });
    }
  });

  it("refuses the bytes of another model", async () => {
    const bytes = new TextEncoder().encode(`{"name":"test/other","dimensions":3}`);
    await expect(aiSdkEmbedders(lengths()).open(bytes)).rejects.toMatchObject({ code: "embedder-file-invalid" });
  });
});
