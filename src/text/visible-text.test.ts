import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinLines, normalizeLines } from "./normalize-lines.ts";
import { visibleText } from "./visible-text.ts";

const clean = (text: string): string => joinLines(normalizeLines(text)).text;

const pieces = fc.constantFrom(
  ..."aZé.-—'’“”\"`*_#>|~1 \t",
  ..."漢かな한ไทยहिन्दीעברעَمي".split(""),
  ..."👩🏽‍💻❤️🔥🏳🌈🏴#⃣".split(/(?:)/u),
  ..."\u0301\u093C\uFE0F\u200B\u200C\u200D\u200E\u200F\u202A\u202D\u202E\u2060\u2066\u2069\u00AD\u00A0\u2028\u0085\uFEFF\u0007\u212B".split(
    "",
  ),
  "\u{E0067}",
  "\u{E007F}",
  "\uD800",
  "```",
  "    ",
  "- ",
);
const line = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(""));
const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));
const options = { numRuns: 1000, seed: 11 };

describe("visible text", () => {
  it.each([
    ["emoji of many parts", "👩🏽‍💻 👨‍👩‍👧‍👦 ❤️‍🔥 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿 #️⃣ 🫶🏼 ✌🏻"],
    ["quotes, apostrophes and dashes", "“Don’t” ‘so’ «oui» „ja“ it's — – ‑ … ½ № ™"],
    ["Persian and Hindi joiners", "می‌خواهم क्‍ष"],
    ["Hebrew and Arabic with their marks", "שָׁלוֹם \u200Fabc\u200E \u2067עברית\u2069 العَرَبِيَّة"],
    ["Thai with its word breaks", "ภาษา\u200Bไทย"],
    ["Chinese, Japanese and Korean", "漢字かな交じり文。한국어 「引用」"],
    ["combining marks that have no composed form", "x̂ ŗ̃ 𝗯𝗼𝗹𝗱"],
  ])("keeps %s", (_, written) => {
    expect(visibleText(written)).toBe(written.normalize("NFC"));
  });

  it.each([
    ["a byte order mark inside a text", "a\uFEFFb", "ab"],
    ["soft hyphens and spaces without width", "soft\u00ADhy\u200Bphen", "softhyphen"],
    ["a joiner between Latin letters", "pass\u200Dword", "password"],
    ["direction overrides, also in right-to-left text", "ש\u202Eabc\u202C", "שabc\u202C"],
    ["direction marks where nothing runs right to left", "a\u200E \u2066b\u2069", "a b"],
    ["words hidden in tag letters", "Hi\u{E0053}\u{E0061}\u{E0079}", "Hi"],
    ["half a surrogate pair", "a\uD83Db", "ab"],
    ["a next-line character, as a space", "a\u0085b\u2028c", "a b c"],
  ])("takes out %s", (_, written, seen) => {
    expect(visibleText(written)).toBe(seen);
  });

  it("changes nothing when it is given again, in a line and in a whole text", () => {
    const unchanged = (given: fc.Arbitrary<string>, normalize: (each: string) => string): void =>
      fc.assert(
        fc.property(given, (each) => {
          expect(normalize(normalize(each))).toBe(normalize(each));
        }),
        options,
      );
    unchanged(line, visibleText);
    unchanged(text, clean);
  });

  it("loses no letter, mark, digit, punctuation or symbol", () => {
    const signs = (each: string): string => each.normalize("NFD").replace(/[^\p{L}\p{N}\p{P}\p{S}]/gu, "");
    const marks = (each: string): string => [...each.normalize("NFD").replace(/\P{M}/gu, "")].sort().join("");
    fc.assert(
      fc.property(text, (each) => {
        expect(signs(clean(each))).toBe(signs(each));
        expect(marks(clean(each))).toBe(marks(each));
      }),
      options,
    );
  });

  it("leaves fenced code byte for byte", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const code = lines.map((each) => each.replaceAll("`", "").replace(/\r/g, "")).join("\n");
        const { text: whole } = joinLines(normalizeLines(`Text.\n\n\`\`\`\n${code}\n\`\`\`\n\nText.`));
        expect(whole).toBe(`Text.\n\n\`\`\`\n${code}\n\`\`\`\n\nText.`);
      }),
      options,
    );
  });

  it("lets no invisible character hide a heading or a fence", () => {
    expect(normalizeLines("\u200B```\ncode \n\u2060```\nText \n").map(({ isCode }) => isCode)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(clean("\u200B# Title")).toBe("# Title");
  });
});
