import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { distinctNgrams, longestCopiedSpan, ngramOverlap } from "./copying.ts";

/** By definition: every start in both texts, as far as they agree. */
function bruteForce(a: readonly string[], b: readonly string[]): number {
  let best = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let length = 0;
      while (i + length < a.length && j + length < b.length && a[i + length] === b[j + length]) length++;
      best = Math.max(best, length);
    }
  }
  return best;
}

describe("the longest copied span", () => {
  it("is found across case and punctuation, in words and characters", () => {
    const span = longestCopiedSpan("He said: the quick, brown FOX ran.", ["A dog.", "The quick brown fox—jumped"]);
    expect(span).toEqual({ wordCount: 4, characterCount: 19, text: "the quick brown fox" });
  });

  it("agrees with comparing every pair of starts, on random texts of few words", () => {
    const random = createRandom(7);
    const words = (count: number): string[] => Array.from({ length: count }, () => "abc"[random.integer(3)] ?? "");
    for (let trial = 0; trial < 200; trial++) {
      const [a, b] = [words(30), words(30)];
      const span = longestCopiedSpan(a.join(" "), [b.join(" ")]);
      expect(span.wordCount).toBe(bruteForce(a, b));
      expect(` ${a.join(" ")} `).toContain(` ${span.text} `);
      expect(` ${b.join(" ")} `).toContain(` ${span.text} `);
    }
  });

  it("does not run from one training text into the next", () => {
    expect(longestCopiedSpan("a b c d", ["a b", "c d"]).wordCount).toBe(2);
  });

  it("is empty where nothing is shared", () => {
    expect(longestCopiedSpan("a", ["b"])).toEqual({ wordCount: 0, characterCount: 0, text: "" });
    expect(longestCopiedSpan("", ["b"]).wordCount).toBe(0);
  });
});

describe("n-grams", () => {
  it("overlap by the share that stands in training text", () => {
    expect(ngramOverlap("a b c d", ["x a b c y"], 2)).toBe(2 / 3);
    expect(ngramOverlap("too short", ["too short"], 8)).toBe(0);
  });

  it("are distinct in one of two when a text says everything twice", () => {
    expect(distinctNgrams("one one one one", 1)).toBe(1 / 4);
    expect(distinctNgrams("a b a b a", 2)).toBe(1 / 2);
  });
});
