import { describe, expect, it } from "vitest";
import type { FeatureStatistics } from "../../contracts/features.ts";
import { createRandom } from "../../core/random.ts";
import { measureDrift } from "./drift.ts";
import { chunk } from "./rows-fixture.ts";
import { count, emptyTally, toStatistics } from "./tally.ts";

/** Statistics of chunks with these numbers of tokens. */
function statisticsOf(tokenCounts: readonly number[], language: (i: number) => string | null = () => "en") {
  const tally = emptyTally();
  for (const [i, tokenCount] of tokenCounts.entries()) {
    const row = { ...chunk("a", i, "x"), tokenCount, language: language(i) };
    count(tally, { group: "chunks", row, content: "" }, 1);
  }
  return toStatistics("chunks", tally);
}

const of = (field: string, [before, after]: readonly [FeatureStatistics, FeatureStatistics]) =>
  measureDrift(before, after).find((each) => each.field === field);

describe("drift between two versions", () => {
  it("is 0 between equal distributions", () => {
    const statistics = statisticsOf([1, 5, 9, 200]);
    expect(measureDrift(statistics, statistics).every(({ psi, level }) => psi === 0 && level === "none")).toBe(true);
  });

  it("is the sum over bins of the difference of shares times the logarithm of their ratio", () => {
    const german = (i: number): string => (i < 200 ? "de" : "en");
    const [before, after] = [new Array(1_000).fill(5), new Array(1_000).fill(5)];
    const drift = of("language", [statisticsOf(before, (i) => (i < 500 ? "de" : "en")), statisticsOf(after, german)]);
    // Two bins: (.5 - .2) ln(.5 / .2) + (.5 - .8) ln(.5 / .8)
    expect(drift?.psi).toBeCloseTo(0.3 * Math.log(2.5) - 0.3 * Math.log(0.625), 2);
    expect(drift?.level).toBe("large");
  });

  it("sees longer chunks, new categories and values that are no longer there", () => {
    const random = createRandom(1);
    const sizes = (scale: number): number[] => Array.from({ length: 800 }, () => 1 + random.integer(100 * scale));
    const longer = of("tokenCount", [statisticsOf(sizes(1)), statisticsOf(sizes(2))]);
    expect(longer?.level).toBe("large");
    const gone = of("language", [statisticsOf(sizes(1)), statisticsOf(sizes(1), (i) => (i % 5 === 0 ? null : "en"))]);
    expect(gone).toMatchObject({ field: "language", level: "large" });
    const unseen = of("language", [statisticsOf(sizes(1)), statisticsOf(sizes(1), (i) => (i % 8 === 0 ? "fr" : "en"))]);
    expect(unseen?.level).not.toBe("none");
  });

  it("is none where few rows differ by chance, and chance is judged rightly in 95 of 100 cases", () => {
    const random = createRandom(7);
    const draw = (length: number): number[] => Array.from({ length }, () => 1 + random.integer(500));
    let beyond = 0;
    for (let trial = 0; trial < 200; trial++) {
      const drift = of("tokenCount", [statisticsOf(draw(60)), statisticsOf(draw(60))]);
      if (drift === undefined || drift.psi > drift.chancePsi) beyond++;
    }
    expect(beyond / 200).toBeLessThan(0.1);
  });
});
