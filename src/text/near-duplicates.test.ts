import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { bandingFor, comparedFraction, nearDuplicates } from "./near-duplicates.ts";

const random = createRandom(1);
const words = (count: number): string[] => Array.from({ length: count }, () => `w${random.integer(5000)}`);

/** Every pair by the definition: five-word shingles as strings, all sets compared with all. */
function byDefinition(texts: readonly string[], threshold: number): string[] {
  const sets = texts.map((text) => {
    const all = text.split(" ");
    return new Set(all.slice(0, Math.max(1, all.length - 4)).map((_, i) => all.slice(i, i + 5).join(" ")));
  });
  return sets.flatMap((a, i) =>
    sets.slice(i + 1).flatMap((b, offset) => {
      const both = a.intersection(b).size;
      const similarity = both / (a.size + b.size - both);
      return similarity >= threshold ? [`${i} ${i + 1 + offset} ${similarity}`] : [];
    }),
  );
}

describe("near-duplicates", () => {
  it("reports the exact Jaccard similarity of word shingles", () => {
    // 5-word shingles: {abcde, bcdef} and {abcde, bcdeg} share one of three.
    const [pair] = nearDuplicates(["a b c d e f", "A, b. c d e g!"], { threshold: 0.2 });
    expect(pair).toEqual({ first: 0, second: 1, similarity: 1 / 3 });
  });

  it("finds the pairs that comparing all with all finds, and no other", () => {
    const texts = Array.from({ length: 40 }, () => words(120)).flatMap((original) =>
      [0, 1, 2, 4, 8].map((changes) => {
        const copy = [...original];
        for (let i = 0; i < changes; i++) copy[random.integer(copy.length)] = `x${random.integer(5000)}`;
        return copy.join(" ");
      }),
    );
    for (const threshold of [0.8, 0.5, 0.3]) {
      const expected = byDefinition(texts, threshold);
      const found = nearDuplicates(texts, { threshold }).map(
        ({ first, second, similarity }) => `${first} ${second} ${similarity}`,
      );
      expect(found.filter((pair) => !expected.includes(pair))).toEqual([]);
      expect(found.length).toBeGreaterThanOrEqual(0.99 * expected.length);
      expect(expected.length).toBeGreaterThan(90);
    }
  });

  it("chooses bands whose S-curve passes the threshold high and falls off below it", () => {
    expect(bandingFor(0.8)).toEqual({ bands: 21, rows: 6 });
    expect(bandingFor(0.3)).toEqual({ bands: 64, rows: 2 });
    const curve = [0.8, 0.6, 0.4, 0.2].map((similarity) => comparedFraction(similarity, bandingFor(0.8)));
    expect(curve.map((share) => Number(share.toFixed(3)))).toEqual([0.998, 0.633, 0.083, 0.001]);
    for (const threshold of [0.1, 0.3, 0.5, 0.7, 0.9, 1]) {
      expect(comparedFraction(threshold, bandingFor(threshold))).toBeGreaterThanOrEqual(0.99);
    }
  });

  it("compares short texts as a whole, and never pairs empty ones", () => {
    expect(nearDuplicates(["Yes.", "yes", "no", "", ""])).toEqual([{ first: 0, second: 1, similarity: 1 }]);
  });

  it("compares Chinese and Japanese character by character, and keeps combining marks", () => {
    const text = "我们在花园里种了很多树，然后等待春天的到来。";
    const [pair] = nearDuplicates([text, text.replace("春天", "秋天")], { threshold: 0.5 });
    expect(pair?.similarity).toBeCloseTo(11 / 21, 10);
    expect(nearDuplicates(["हिन्दी में", "हनद म"])).toEqual([]);
  });

  it("takes time in proportion to the texts", () => {
    const timeMs = (count: number): number => {
      const texts = Array.from({ length: count }, () => words(60).join(" "));
      const start = performance.now();
      expect(nearDuplicates(texts)).toEqual([]);
      return performance.now() - start;
    };
    timeMs(500);
    expect(timeMs(4000) / timeMs(1000)).toBeLessThan(12);
  });
});
