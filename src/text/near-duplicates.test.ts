import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { nearDuplicates } from "./near-duplicates.ts";

const random = createRandom(1);
const words = (count: number): string[] => Array.from({ length: count }, () => `w${random.integer(5000)}`);

describe("near-duplicates", () => {
  it("reports the exact Jaccard similarity of word shingles", () => {
    // 5-word shingles: {abcde, bcdef} and {abcde, bcdeg} share one of three.
    const [pair] = nearDuplicates(["a b c d e f", "A, b. c d e g!"], { threshold: 0.2 });
    expect(pair).toEqual({ first: 0, second: 1, similarity: 1 / 3 });
  });

  it("finds every pair of a text and its copy with one word in a hundred changed", () => {
    const originals = Array.from({ length: 50 }, () => words(400));
    const copies = originals.map((text) => text.map((word, i) => (i % 100 === 50 ? "changed" : word)));
    const pairs = nearDuplicates([...originals, ...copies].map((text) => text.join(" ")));
    expect(pairs.map(({ first, second }) => [first, second])).toEqual(originals.map((_, i) => [i, i + 50]));
  });

  it("finds texts that share half their shingles when asked for three tenths", () => {
    const start = words(300);
    const pairs = nearDuplicates(
      [...Array.from({ length: 20 }, () => [...start, ...words(150)].join(" ")), words(450).join(" ")],
      { threshold: 0.3 },
    );
    expect(pairs).toHaveLength((20 * 19) / 2);
  });

  it("compares short texts as a whole, and never pairs empty ones", () => {
    expect(nearDuplicates(["Yes.", "yes", "no", "", ""])).toEqual([{ first: 0, second: 1, similarity: 1 }]);
  });
});
