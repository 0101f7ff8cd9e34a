import { describe, expect, it } from "vitest";
import { corpusOf } from "../../test/corpus-of.ts";
import { selectContext } from "./context.ts";
import { createRetriever } from "./retriever.ts";

const found = async (...texts: string[]): Promise<ReturnType<typeof selectContext>> => {
  const { ports } = await corpusOf(texts.map((text) => ({ author: "Ada", text })));
  return createRetriever(ports).retrieve("foxes", { denseWeight: 0 });
};

describe("the context", () => {
  it("leaves out a chunk that says again what a better one says", async () => {
    const hits = await found("foxes dig deep dens", "Foxes dig deep dens!", "foxes eat hens");
    expect(
      selectContext(hits)
        .map(({ chunk }) => chunk.text)
        .sort(),
    ).toEqual(["foxes dig deep dens", "foxes eat hens"]);
  });

  it("ends where the budget ends, but always has the first", async () => {
    const hits = await found("foxes dig dens", "foxes eat hens", "foxes like snow");
    const [first] = hits;
    expect(selectContext(hits, { maxTokens: 1 })).toEqual([first]);
    expect(selectContext(hits, { maxTokens: 8 }).length).toBe(2);
  });
});
