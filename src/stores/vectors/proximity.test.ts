import { describe, expect, it } from "vitest";
import { proximityScores } from "./proximity.ts";

const row = (id: string, text: string) => ({ key: id, terms: text.split(" ") });
const filler = (count: number): string => "x ".repeat(count).trim();

describe("words that stand together", () => {
  it("count more side by side than near, more near than far, and nothing alone", () => {
    const rows = [
      row("adjacent", `open file ${filler(8)}`),
      row("near", `open ${filler(5)} file ${filler(3)}`),
      row("reversed", `file open ${filler(8)}`),
      row("far", `open ${filler(8)} file`),
      row("alone", `open ${filler(9)}`),
    ];
    const scores = proximityScores(["open", "file"], rows);
    expect([...scores.keys()].sort()).toEqual(["adjacent", "near", "reversed"]);
    // All rows are as long as the mean, so a count of one weighs 1: idf(1 of 5) = ln 4, idf(3 of 5) = ln(1 + 2.5 / 3.5).
    expect(scores.get("adjacent")).toBeCloseTo(0.2 * Math.log(4) + 0.4 * Math.log(1 + 2.5 / 3.5), 10);
    expect(scores.get("near")).toBeCloseTo(0.4 * Math.log(1 + 2.5 / 3.5), 10);
    expect(scores.get("reversed")).toBe(scores.get("near"));
  });

  it("count only as they stand in the query, each pair once", () => {
    const rows = [row("a", "b c a b"), row("b", "z z z z")];
    expect(proximityScores(["a", "b"], rows).get("a")).toBe(
      proximityScores(["a", "b", "other", "a", "b"], rows).get("a"),
    );
    expect(proximityScores(["a", "a"], rows).size).toBe(0);
    expect(proximityScores(["a"], rows).size).toBe(0);
  });
});
