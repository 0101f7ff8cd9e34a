import { describe, expect, it } from "vitest";
import { fuseRankings } from "./fuse.ts";

const bm25 = [
  { id: "a", payload: "", score: 8 },
  { id: "b", payload: "", score: 4 },
];
const dense = [
  { id: "c", payload: "", score: 0.8 },
  { id: "b", payload: "", score: 0.6 },
  { id: "d", payload: "", score: -0.2 },
];

describe("fusing two rankings", () => {
  it("adds BM25's share of its best score and the cosine, weighted", () => {
    // a: .75 * 1; b: .75 * .5 + .25 * .6; c: .25 * .8; d: a negative cosine counts as 0.
    expect(fuseRankings(bm25, dense, 0.25).map(({ id, score }) => [id, Number(score.toFixed(4))])).toEqual([
      ["a", 0.75],
      ["b", 0.525],
      ["c", 0.2],
      ["d", 0],
    ]);
  });

  it("keeps each leg's rank and score, and null where the leg did not find the row", () => {
    const fused = new Map(fuseRankings(bm25, dense, 0.25).map((row) => [row.id, row]));
    expect(fused.get("b")).toMatchObject({ bm25: { rank: 2, score: 4 }, dense: { rank: 2, score: 0.6 } });
    expect(fused.get("c")).toMatchObject({ bm25: null, dense: { rank: 1, score: 0.8 } });
  });

  it("orders equal scores by id", () => {
    const equal = ["z", "m", "a"].map((id) => ({ id, payload: "", score: 1 }));
    expect(fuseRankings(equal, [], 0).map(({ id }) => id)).toEqual(["a", "m", "z"]);
  });
});
