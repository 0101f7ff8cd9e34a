import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lsaEmbedders } from "./embedders.ts";

const CORPUS = [
  "Retries hide failures: a queue with retries and back-off drains slowly.",
  "The worker retries a job three times, then moves it to the dead-letter queue.",
  "Sourdough needs flour, water, salt and a lively starter.",
  "Bake the bread in a hot oven; steam makes the crust shine.",
  "parseHTMLDocument returns a tree of nodes.",
];
const cosine = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  a?.reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0) ?? 0;

describe("latent semantic analysis", () => {
  it("gives equal bytes for equal texts, and opens them to a model with unit vectors", async () => {
    const bytes = await lsaEmbedders().prepare(CORPUS);
    expect(await lsaEmbedders().prepare(CORPUS)).toEqual(bytes);
    const model = await lsaEmbedders().open(bytes);
    expect(model).toMatchObject({ dimensions: 256, maxInputTokens: 256 });
    const vectors = await model.embed(CORPUS, "document");
    for (const vector of vectors) {
      expect(vector.length).toBe(256);
      expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    }
  });

  it("finds the texts that a question is about", async () => {
    const model = await lsaEmbedders().open(await lsaEmbedders().prepare(CORPUS));
    const documents = await model.embed(CORPUS, "document");
    const [queue, crust, parser, unknown] = await model.embed(
      ["failed job in a queue", "crust of bread", "how does parse_html work", "zyzzyva"],
      "query",
    );
    const best = (query: Float32Array | undefined): number =>
      documents.reduce((top, each, i) => (cosine(query, each) > cosine(query, documents[top]) ? i : top), 0);
    expect([best(queue), best(crust), best(parser)]).toEqual([1, 3, 4]);
    expect(unknown).toEqual(new Float32Array(256));
  });

  it("takes a corpus of no texts, and of one", async () => {
    const none = await lsaEmbedders().open(await lsaEmbedders().prepare([]));
    expect(await none.embed(["anything"], "query")).toEqual([new Float32Array(256)]);
    const one = await lsaEmbedders().open(await lsaEmbedders().prepare(["one text"]));
    const [same, other] = await one.embed(["one text", "another"], "document");
    expect([cosine(same, same), cosine(same, other)]).toEqual([1, 0]);
  });

  it("has another fingerprint for other texts, and refuses bytes that it did not make", async () => {
    const bytes = await lsaEmbedders().prepare(CORPUS);
    const fingerprint = async (content: Uint8Array) => (await lsaEmbedders().open(content)).fingerprint;
    expect(await fingerprint(bytes)).not.toBe(await fingerprint(await lsaEmbedders().prepare(CORPUS.slice(1))));
    for (const broken of [new Uint8Array(), bytes.subarray(0, -1), new TextEncoder().encode("{}\n")]) {
      await expect(fingerprint(broken)).rejects.toMatchObject({ code: "embedder-file-invalid" });
    }
  });

  const sets = join(import.meta.dirname, "../../../shared/data/ir");
  it.runIf(existsSync(sets))("reaches the measured nDCG@10 on real questions over documentation", async () => {
    // .716 when it was written; .715 is the figure published with the data. Skipped where ../shared/data/ir is absent.
    expect(await ndcgAt10(join(sets, "docs-rag"))).toBeGreaterThan(0.695);
  });
});

/** Mean nDCG@10 of a set in BEIR's format. */
async function ndcgAt10(folder: string): Promise<number> {
  const lines = (name: string): string[] => readFileSync(join(folder, name), "utf8").trim().split("\n");
  const records = (name: string) => lines(name).map((line) => JSON.parse(line) as { _id: string; text: string }); // BEIR
  const [documents, queries] = [records("corpus.jsonl"), records("queries.jsonl")];
  const gains = new Map<string, Map<string, number>>();
  for (const line of lines("qrels.tsv").slice(1)) {
    const [query = "", document = "", gain = "0"] = line.split("\t");
    gains.set(query, (gains.get(query) ?? new Map()).set(document, Number(gain)));
  }
  const texts = documents.map(({ text }) => text);
  const model = await lsaEmbedders().open(await lsaEmbedders().prepare(texts));
  const vectors = await model.embed(texts, "document");
  const discounted = (values: readonly number[]): number =>
    values.slice(0, 10).reduce((sum, gain, rank) => sum + gain / Math.log2(rank + 2), 0);
  const scores = await Promise.all(
    queries.map(async ({ _id, text }) => {
      const [query] = await model.embed([text], "query");
      const relevant = gains.get(_id) ?? new Map<string, number>();
      const ranked = vectors
        .map((vector, i) => ({ id: documents[i]?._id ?? "", score: cosine(query, vector) }))
        .sort((a, b) => b.score - a.score);
      const ideal = [...relevant.values()].sort((a, b) => b - a);
      return discounted(ranked.map(({ id }) => relevant.get(id) ?? 0)) / discounted(ideal);
    }),
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
