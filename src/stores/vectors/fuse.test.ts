import { describe, expect, it } from "vitest";
import { fuseRankings, joinRankings } from "./fuse.ts";

const bm25 = [
  { key: "a", score: 8 },
  { key: "b", score: 4 },
];
const dense = [
  { key: "c", score: 0.8 },
  { key: "b", score: 0.6 },
  { key: "d", score: -0.2 },
];

describe("fusing two rankings", () => {
  it("adds BM25's share of its best score and the cosine, weighted", () => {
    // a: .75 * 1; b: .75 * .5 + .25 * .6; c: .25 * .8; d: a negative cosine counts as 0.
    expect(
      fuseRankings(bm25, dense, { denseWeight: 0.25 }).map(({ key, score }) => [key, Number(score.toFixed(4))]),
    ).toEqual([
      ["a", 0.75],
      ["b", 0.525],
      ["c", 0.2],
      ["d", 0],
    ]);
  });

  it("counts a cosine from the floor, so that an embedder whose cosines are all high ranks like one that spreads them", () => {
    const spread = fuseRankings(bm25, dense, { denseWeight: 0.5 });
    const high = dense.map((row) => ({ ...row, score: 0.7 + 0.3 * row.score }));
    const counted = fuseRankings(bm25, high, { denseWeight: 0.5, denseFloor: 0.7 });
    expect(counted.map(({ key, score }) => [key, score.toFixed(6)])).toEqual(
      spread.map(({ key, score }) => [key, score.toFixed(6)]),
    );
  });

  it("keeps each leg's rank and score, and null where the leg did not find the row", () => {
    const fused = new Map(fuseRankings(bm25, dense, { denseWeight: 0.25 }).map((each) => [each.key, each]));
    expect(fused.get("b")).toMatchObject({ bm25: { rank: 2, score: 4 }, dense: { rank: 2, score: 0.6 } });
    expect(fused.get("c")).toMatchObject({ bm25: null, dense: { rank: 1, score: 0.8 } });
  });

  it("orders equal scores by key", () => {
    const equal = ["z", "m", "a"].map((id) => ({ key: id, score: 1 }));
    expect(fuseRankings(equal, [], { denseWeight: 0 }).map(({ key }) => key)).toEqual(["a", "m", "z"]);
  });

  it("adds reciprocal ranks in place of scores, as shares of the first rank's, weighted", () => {
    // k = 60; a: .5 * 61/61; c: .5 * 61/61; b: .5 * 61/62 + .5 * 61/62; d: .5 * 61/63.
    const fused = fuseRankings(bm25, dense, { denseWeight: 0.5, rrfK: 60 });
    expect(fused.map(({ key, score }) => [key, Number(score.toFixed(4))])).toEqual([
      ["b", 0.9839],
      ["a", 0.5],
      ["c", 0.5],
      ["d", 0.4841],
    ]);
  });
});

describe("joining rankings of one need", () => {
  const first = fuseRankings(bm25, [], { denseWeight: 0 }); // a 1, b .5
  const second = fuseRankings([{ key: "b", score: 3 }], dense, { denseWeight: 0.5 }); // b .8, c .4

  it("counts a row by the ranking where it fares best, and keeps the ranks of that one", () => {
    const joined = joinRankings([first, second], "max");
    expect(joined.map(({ key, score }) => [key, Number(score.toFixed(4))])).toEqual([
      ["a", 1],
      ["b", 0.8],
      ["c", 0.4],
      ["d", 0],
    ]);
    expect(joined[1]).toMatchObject({ bm25: { rank: 1, score: 3 }, dense: { rank: 2 } });
  });

  it("counts a row by its mean over all rankings, also those that did not find it", () => {
    const joined = joinRankings([first, second], "mean");
    expect(joined.map(({ key, score }) => [key, Number(score.toFixed(4))])).toEqual([
      ["b", 0.65],
      ["a", 0.5],
      ["c", 0.2],
      ["d", 0],
    ]);
  });
});
