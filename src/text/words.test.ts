import { describe, expect, it } from "vitest";
import { splitIdentifier, splitTerms, splitWords, stemWord } from "./words.ts";

describe("stemWord", () => {
  it.each([
    ["caresses", "caress"],
    ["ponies", "poni"],
    ["pony", "poni"],
    ["cats", "cat"],
    ["status", "status"],
    ["analysis", "analysis"],
    ["agreed", "agre"],
    ["feed", "feed"],
    ["plastered", "plaster"],
    ["sing", "sing"],
    ["hopping", "hop"],
    ["tanned", "tan"],
    ["falling", "fall"],
    ["hissing", "hiss"],
    ["filing", "file"],
    ["happy", "happi"],
    ["sky", "sky"],
    ["rate", "rate"],
    ["cease", "ceas"],
    ["controll", "control"],
    ["roll", "roll"],
    ["the", "the"],
    ["author’s", "author"],
  ])("folds %s to %s", (word, stem) => {
    // Except for the possessive, the expected values are the examples that Porter 1980 gives for these steps, all of them applied.
    expect(stemWord(word)).toBe(stem);
  });

  it.each([
    [["cache", "caches", "cached", "caching"]],
    [["note", "notes", "noted", "noting"]],
    [["use", "used", "using"]],
    [["control", "controls", "controlled", "controlling"]],
    [["retry", "retries", "retried"]],
    [["match", "matches", "matching"]],
    [["hope", "hopes", "hoped", "hoping"]],
  ])("folds %s to one stem", (words) => {
    expect(new Set(words.map(stemWord)).size).toBe(1);
  });

  it("leaves numbers and other scripts alone", () => {
    expect(["2024", "naïves", "日本語", "x2s"].map(stemWord)).toEqual(["2024", "naïves", "日本語", "x2s"]);
  });
});

describe("splitIdentifier", () => {
  it.each([
    ["parseHTMLDocument2", ["parse", "HTML", "Document", "2"]],
    ["snake_case_name", ["snake", "case", "name"]],
    ["SCREAMING_CASE", ["SCREAMING", "CASE"]],
    ["word", ["word"]],
    ["Word", ["Word"]],
    ["don't", ["don't"]],
    ["HTTPServer", ["HTTP", "Server"]],
  ])("splits %s", (word, parts) => {
    expect(splitIdentifier(word)).toEqual(parts);
  });
});

describe("splitTerms", () => {
  it("keeps an identifier whole and adds its parts", () => {
    expect(splitTerms("Calling getUserName(user_id) twice")).toEqual([
      "call",
      "getusername",
      "get",
      "user",
      "name",
      "user_id",
      "user",
      "id",
      "twice",
    ]);
  });

  it("splits words as written, apostrophes and underscores inside", () => {
    expect(splitWords("It's naïve — a snake_case, e.g. `x`; 日本語!")).toEqual([
      "It's",
      "naïve",
      "a",
      "snake_case",
      "e",
      "g",
      "x",
      "日本語",
    ]);
  });
});
