import { describe, expect, it } from "vitest";
import { diversify, type Relevant } from "./diversify.ts";

const fused = (id: string, score: number, ...vector: number[]) => ({
  row: { id, vector: Float32Array.from(vector) },
  score,
});
const rows = [fused("first", 0.8, 1, 0), fused("twin", 0.76, 1, 0), fused("other", 0.4, 0, 1)];
const idsOf = (chosen: readonly Relevant[]): string[] => chosen.map(({ row }) => row.id);

describe("diversity", () => {
  it("prefers a less relevant row to the twin of one that was taken", () => {
    // After "first": twin .5 * .95 - .5 * 1 = -.025, other .5 * .5 - 0 = .25.
    expect(idsOf(diversify(rows, { limit: 3, diversity: 0.5 }))).toEqual(["first", "other", "twin"]);
    expect(idsOf(diversify(rows, { limit: 2, diversity: 0.1 }))).toEqual(["first", "twin"]);
  });

  it("takes rows without a vector by their relevance, and no more than there are", () => {
    const bare = rows.map((each) => ({ ...each, row: { id: each.row.id } }));
    expect(idsOf(diversify(bare, { limit: 9, diversity: 0.5 }))).toEqual(["first", "twin", "other"]);
    expect(diversify([], { limit: 9, diversity: 0.5 })).toEqual([]);
  });
});
