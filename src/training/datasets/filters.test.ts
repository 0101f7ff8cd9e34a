import { describe, expect, it } from "vitest";
import { applyFilters, FilterSettings, failedFilter, REFERENCE_FILTERS, SAMPLE_FILTERS } from "./filters.ts";

const row = (answer: string, language: string | null = "en") => ({ answer, language });
const LONG =
  "We tried the slow road twice, and it held both times, because nobody had touched the queue in between at all.";

describe("filters", () => {
  it("ask of a chosen answer what the reference system asks, under names", () => {
    expect(failedFilter(row(LONG), REFERENCE_FILTERS)).toBeUndefined();
    expect(failedFilter(row("Too short."), REFERENCE_FILTERS)).toBe("min_characters");
    expect(failedFilter(row(LONG.toLowerCase()), REFERENCE_FILTERS)).toBe("capital_start");
    expect(failedFilter(row(LONG.slice(0, -1)), REFERENCE_FILTERS)).toBe("closing_punctuation");
  });

  it("look past Markdown and quotes at both ends", () => {
    for (const answer of [`## ${LONG}`, `- “${LONG}”`, `**${LONG}**`, `1. ${LONG.slice(0, -1)}!)`]) {
      expect(failedFilter(row(answer), REFERENCE_FILTERS), answer).toBeUndefined();
    }
  });

  it("tell code and links from text", () => {
    const code = `Run this:\n\n\`\`\`sh\n${"npm run build && npm test\n".repeat(8)}\`\`\`\n`;
    expect(failedFilter(row(code), SAMPLE_FILTERS)).toBe("max_code_fraction");
    const links =
      "See https://example.com/a/long/path/to/a/page/with/a/name and https://example.org/another/one/of/them too.";
    expect(failedFilter(row(links), SAMPLE_FILTERS)).toBe("max_link_fraction");
    expect(failedFilter(row(`${LONG} Use \`npm test\`.`), SAMPLE_FILTERS)).toBeUndefined();
  });

  it("keep what is in a named language, or in none that is known", () => {
    const settings = { languages: ["en"] };
    expect([row(LONG), row(LONG, "de"), row(LONG, null)].map((each) => failedFilter(each, settings))).toEqual([
      undefined,
      "languages",
      undefined,
    ]);
  });

  it("count each removed row under the first rule that it fails, and name rules that removed none", () => {
    const rows = [LONG, "short.", "also short", LONG.slice(0, -1)];
    const { kept, removed } = applyFilters(rows, REFERENCE_FILTERS, row);
    expect(kept).toEqual([LONG]);
    expect(removed).toEqual({ min_characters: 2, capital_start: 0, closing_punctuation: 1 });
  });

  it("refuse a rule that there is not", () => {
    expect(() => FilterSettings.parse({ minimum_characters: 100 })).toThrow(/minimum_characters/);
  });
});
