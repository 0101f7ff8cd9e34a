import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSentenceTokenizer } from "./sentence-tokenizer.ts";
import { parseWordPiece } from "./word-piece.ts";

const tokenizerJson = readFileSync(join(import.meta.dirname, "fixtures/mean/tokenizer.json"), "utf8");
const wordPiece = parseWordPiece(tokenizerJson);
/** The library's tokenizer, whose ids ours must be; a window of a million cuts nothing. */
const library = createSentenceTokenizer({ tokenizerJson, tokenizerConfig: {}, maxTokens: 1e6, lowercase: false });
const expected = (text: string): number[] => library.encode(text).slice(1, -1);

describe("WordPiece", () => {
  it.each([
    "Retries hide failures!",
    "snake_case, camelCase and a.b(c)",
    "Café ÜNKNOWN naïve — “quoted”",
    "日本bread",
    "  tabs\tand\r\nlines  ",
    "zero\u200Bwidth and \u0000 control",
    "a".repeat(101),
    "",
  ])("gives the ids of the library for %j", (text) => {
    expect(wordPiece.encode(text)).toEqual(expected(text));
  });

  it("gives the ids of the library for any words and signs", () => {
    const word = fc.constantFrom("bread", "Queue", "html", "é", "日本", "--", "$x", "3.50", "…", "xyzzy", "i", "🙂");
    const text = fc
      .array(fc.tuple(word, fc.constantFrom("", " ", "\n")), { maxLength: 12 })
      .map((parts) => parts.flat().join(""));
    const check = fc.property(text, (value) => {
      expect(wordPiece.encode(value)).toEqual(expected(value));
    });
    fc.assert(check, { numRuns: 300 });
  });

  it("refuses a tokenizer that is not a lower-casing WordPiece", () => {
    for (const json of [
      "",
      "{}",
      tokenizerJson.replace("WordPiece", "BPE"),
      tokenizerJson.replace('"lowercase":true', '"lowercase":false').replace('"lowercase": true', '"lowercase": false'),
    ]) {
      expect(() => parseWordPiece(json)).toThrow(expect.objectContaining({ code: "tokenizer-file-invalid" }));
    }
  });
});
