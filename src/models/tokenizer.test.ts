import * as huggingFace from "@huggingface/tokenizers";
import { describe, expect, it } from "vitest";
import { trainBpe } from "./bpe-trainer.ts";
import { createWordSplitter, parseTokenizer, SPECIAL_TOKENS, toTokenizerJson } from "./tokenizer.ts";

const LINES = [
  "It's 1999, and the rate limiter still drops 42 requests a second.",
  "## Why `async` functions\n\n- retries: `await retry(fn, { attempts: 3 })`\n- back-off\n",
  "\tindented   code;\n\n    if (x !== null) { return x?.y ?? 10_000; }",
  "“Curly” quotes, an apostrophe’s ghost – and an em—dash…",
  "naïve café, 日本語, emoji 🙂👩‍💻, a zero-width\u200bspace, a BOM\ufeffhere, next\u0085line",
  "Windows\r\nline ends\r\n\r\n\r\n\r\nand many blank lines\n\n\n\nthere",
  "e\u0301 composes; x\u0301 cannot",
  "",
  " ",
];

function trained() {
  const counts = new Map<string, number>();
  const splitWords = createWordSplitter();
  for (const word of splitWords(LINES.join("\n").repeat(3))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return toTokenizerJson(trainBpe(counts, { vocabularySize: 400, specialTokens: SPECIAL_TOKENS }));
}

describe("a trained tokenizer", () => {
  const json = trained();
  const tokenizer = parseTokenizer(json);

  it("gives the ids that the Hugging Face library gives for the same tokenizer.json", () => {
    const reference = new huggingFace.Tokenizer(JSON.parse(json), {});
    for (const line of [...LINES, ...LINES]) {
      expect(tokenizer.encode(line)).toEqual(reference.encode(line, { add_special_tokens: false }).ids);
    }
  });

  it("gives back the text, with quotes, line ends and blank lines normalised", () => {
    const [, , , curly = "", , windows = "", accents = ""] = LINES;
    for (const line of LINES.slice(0, 3)) expect(tokenizer.decode(tokenizer.encode(line))).toBe(line);
    expect(tokenizer.decode(tokenizer.encode(curly))).toBe(`"Curly" quotes, an apostrophe's ghost – and an em—dash…`);
    expect(tokenizer.decode(tokenizer.encode(windows))).toBe("Windows\nline ends\n\nand many blank lines\n\nthere");
    expect(tokenizer.decode(tokenizer.encode(accents))).toBe("é composes; x\u0301 cannot");
  });

  it("splits digits singly", () => {
    expect(tokenizer.encode("1999").length).toBe(4);
  });

  it("never makes a special token from text, and leaves special tokens out of text", () => {
    expect(tokenizer.encode("<eos>").length).toBeGreaterThan(1);
    expect(tokenizer.encode("a<eos>b")).not.toContain(tokenizer.eosId);
    expect(tokenizer.encode("a<eos>b", { specials: true })).toContain(tokenizer.eosId);
    expect(tokenizer.decode([tokenizer.bosId ?? -1, ...tokenizer.encode("text"), tokenizer.eosId])).toBe("text");
  });

  it("knows its size and special ids", () => {
    expect([tokenizer.vocabularySize, tokenizer.bosId, tokenizer.eosId]).toEqual([400, 1, 2]);
  });

  it("refuses files that are no BPE tokenizer or lack the special tokens", () => {
    expect(() => parseTokenizer("{}")).toThrow(expect.objectContaining({ code: "tokenizer-file-invalid" }));
    expect(() => parseTokenizer(json.replaceAll("<eos>", "</s>"))).toThrow("it has no token <eos>");
  });
});

describe("trainBpe", () => {
  it("merges the most frequent pair first, and stops where no pair occurs twice", () => {
    const { tokens, merges } = trainBpe(
      new Map([
        ["hug", 10],
        ["pug", 5],
        ["pun", 12],
        ["bun", 4],
        ["hugs", 5],
      ]),
      {
        vocabularySize: 300,
        specialTokens: ["<pad>"],
      },
    );
    // Counts: ug 20, un 16, hug 15 …: the worked example of the Hugging Face course, chapter 6.5.
    expect(merges.slice(0, 3)).toEqual([
      ["u", "g"],
      ["u", "n"],
      ["h", "ug"],
    ]);
    expect(tokens[0]).toBe("<pad>");
    expect(tokens[257]).toBe("ug");
    expect(tokens.length).toBe(257 + merges.length);
    expect(tokens.length).toBeLessThan(300);
  });

  it("refuses a vocabulary smaller than the bytes", () => {
    expect(() => trainBpe(new Map(), { vocabularySize: 100, specialTokens: [] })).toThrow("at least 256");
  });
});
