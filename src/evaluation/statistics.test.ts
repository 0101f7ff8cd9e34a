import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { bootstrapInterval, mean, pairedRandomisationP } from "./statistics.ts";

describe("the bootstrap interval", () => {
  it("comes near the normal interval for many values: mean ± 1.96 standard errors", () => {
    const random = createRandom(1);
    const values = Array.from({ length: 400 }, () => random.normal());
    const centre = mean(values);
    const error = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) / values.length);
    const { low, high } = bootstrapInterval(values, { random });
    expect(Math.abs((low - centre) / error + 1.96)).toBeLessThan(0.12);
    expect(Math.abs((high - centre) / error - 1.96)).toBeLessThan(0.12);
  });

  it("has no width when the values are equal, and equal seeds give equal ends", () => {
    expect(bootstrapInterval([2, 2, 2], { random: createRandom(1) })).toEqual({ low: 2, high: 2 });
    const once = bootstrapInterval([1, 5, 9], { random: createRandom(3), repeats: 100 });
    expect(bootstrapInterval([1, 5, 9], { random: createRandom(3), repeats: 100 })).toEqual(once);
  });
});

describe("the paired randomisation test", () => {
  it("comes near the exact p where all signs can be counted", () => {
    // Differences 1, 2, 3, 4: |sum| reaches 10 in 2 of 16 sign patterns, so p = 0.125.
    const p = pairedRandomisationP([1, 2, 3, 4], [0, 0, 0, 0], { random: createRandom(5) });
    expect(Math.abs(p - 0.125)).toBeLessThan(0.01);
  });

  it("is 1 for equal systems and below .001 for one that always wins", () => {
    const wins = Array.from({ length: 30 }, (_, index) => index + 1);
    expect(pairedRandomisationP(wins, wins, { random: createRandom(5) })).toBe(1);
    const zeros = wins.map(() => 0);
    expect(pairedRandomisationP(wins, zeros, { random: createRandom(5) })).toBeLessThan(0.001);
  });

  it("gives the same p whichever system comes first", () => {
    const [a, b] = [
      [0.2, 0.9, 0.4, 0.7],
      [0.1, 0.5, 0.6, 0.3],
    ];
    const p = (x: number[], y: number[]): number => pairedRandomisationP(x, y, { random: createRandom(5) });
    expect(Math.abs(p(a, b) - p(b, a))).toBeLessThan(0.02);
  });
});
