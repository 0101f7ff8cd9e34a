import { describe, expect, it } from "vitest";
import { ndcg, recall, reciprocalRank } from "./retrieval-metrics.ts";

const relevance = new Map([
  ["a", 3],
  ["b", 2],
  ["c", 0],
]);

describe("retrieval metrics", () => {
  it("discounts gains by the logarithm of the rank, relative to the best order", () => {
    // (2 / log2(2) + 3 / log2(4)) / (3 / log2(2) + 2 / log2(3)) = 3.5 / 4.26186
    expect(ndcg(["b", "x", "a"], relevance, 10)).toBeCloseTo(0.821238, 6);
    expect(ndcg(["a", "b"], relevance, 10)).toBe(1);
  });

  it("looks at the first k only", () => {
    expect(ndcg(["x", "a"], relevance, 1)).toBe(0);
    expect(recall(["x", "a", "b"], relevance, 2)).toBe(0.5);
    expect(reciprocalRank(["x", "y", "a"], relevance, 2)).toBe(0);
  });

  it("counts a document judged 0 as not relevant", () => {
    expect(recall(["c"], relevance, 10)).toBe(0);
    expect(reciprocalRank(["c", "b"], relevance, 10)).toBe(0.5);
  });

  it("is 0 when nothing is relevant", () => {
    expect([ndcg(["a"], new Map(), 10), recall(["a"], new Map(), 10)]).toEqual([0, 0]);
  });
});
