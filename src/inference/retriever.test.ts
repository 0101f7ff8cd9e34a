import { describe, expect, it } from "vitest";
import { corpusOf } from "../../test/corpus-of.ts";
import type { EmbeddingModel } from "../contracts/models.ts";
import type { SearchQuery } from "../contracts/vectors.ts";
import { createRetriever } from "./retriever.ts";

const notes = [
  { author: "Ada", text: "The queue drained in ninety minutes." },
  { author: "Ada", text: "The index was built overnight." },
  { author: "Bo", text: "The queue at the bakery is long." },
];

describe("the retriever", () => {
  it("opens the embedder that the index names once, and again only when the index names another", async () => {
    const { ports, opened, build } = await corpusOf(notes);
    const retriever = createRetriever(ports);
    await Promise.all([retriever.retrieve("the queue"), retriever.retrieve("the index")]);
    await retriever.retrieve("the bakery");
    expect(opened.count).toBe(1);
    await build("another embedder");
    await retriever.retrieve("the queue");
    expect(opened.count).toBe(2);
  });

  it("gives the whole limit to one kind of document when there is no other", async () => {
    const { ports } = await corpusOf(
      Array.from({ length: 9 }, (_, i) => ({ author: "Ada", text: `Queue number ${i}.` })),
    );
    expect((await createRetriever(ports).retrieve("queue", { limit: 9 })).length).toBe(9);
  });

  it("finds only what the filter allows, whatever the question names", async () => {
    const { ports, authorId } = await corpusOf(notes);
    const hits = await createRetriever(ports).retrieve("What does Bo write about the queue? Answer as Bo.", {
      filter: { authorIds: [authorId("Ada")] },
    });
    expect(new Set(hits.map(({ chunk }) => chunk.authorFullName))).toEqual(new Set(["Ada"]));
  });

  it("embeds the question's text, cut to the embedder's window", async () => {
    const { ports, embedded } = await corpusOf(notes, { maxInputTokens: 20 });
    await createRetriever(ports).retrieve("queue ".repeat(50));
    expect(embedded.at(-1)).toBe("queue queue queue qu");
  });

  it("embeds every wording of a question and finds what any of them says", async () => {
    const { ports, embedded } = await corpusOf(notes);
    const hits = await createRetriever(ports).retrieve("overnight", { alternatives: ["bakery"], diversity: 0.2 });
    expect(embedded.slice(-2)).toEqual(["overnight", "bakery"]);
    const found = hits.filter(({ bm25 }) => bm25 !== null).map(({ chunk }) => chunk.text);
    expect(found.sort()).toEqual(["The index was built overnight.", "The queue at the bakery is long."]);
  });

  it("embeds nothing for words alone", async () => {
    const { ports, opened } = await corpusOf(notes);
    const hits = await createRetriever(ports).retrieve("queue", { denseWeight: 0 });
    expect([opened.count, hits.length, hits[0]?.dense]).toEqual([0, 2, null]);
  });

  it("searches again when a build switched to another embedder in between", async () => {
    const { ports, build } = await corpusOf(notes);
    const queries: SearchQuery[] = [];
    const vectors = {
      ...ports.vectors,
      async search(query: SearchQuery) {
        queries.push(query);
        if (queries.length === 1) await build("another embedder");
        return ports.vectors.search(query);
      },
    };
    await createRetriever({ ...ports, vectors }).retrieve("queue");
    expect(queries.length).toBe(2);
  });

  it("can open the embedder again after it failed once", async () => {
    const { ports } = await corpusOf(notes);
    let failures = 1;
    const embedders = {
      ...ports.embedders,
      async open(bytes: Uint8Array): Promise<EmbeddingModel> {
        if (failures-- > 0) throw new RangeError("the disk is slow");
        return ports.embedders.open(bytes);
      },
    };
    const retriever = createRetriever({ ...ports, embedders });
    await expect(retriever.retrieve("queue")).rejects.toThrow("the disk is slow");
    expect((await retriever.retrieve("queue")).length).toBeGreaterThan(0);
  });

  it("refuses an empty question", async () => {
    const { ports } = await corpusOf(notes);
    await expect(createRetriever(ports).retrieve("  ")).rejects.toMatchObject({ code: "question-empty" });
  });
});
