import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { fixtureCleaned } from "../../contracts/records-fixture.ts";
import { type ChunkOptions, chunkDocument } from "./chunk-document.ts";
import { neighboursOf } from "./neighbours.ts";

const countTokens = (text: string): number => text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)?.length ?? 0;

const document = (text: string): CleanedDocument =>
  fixtureCleaned({ version: 2, text, sourceLines: text.split("\n").map((_, i) => i + 11) });

const chunk = (text: string, options: Partial<ChunkOptions> = {}): Chunk[] =>
  chunkDocument(document(text), { countTokens, maxTokens: 20, targetTokens: 10, ...options });
const texts = (text: string, options: Partial<ChunkOptions> = {}): string[] =>
  chunk(text, options).map((each) => each.text);

/** Every promise that holds for any text: spans are exact, in order, within the limit, and nothing is left out. */
function expectWhole(text: string, chunks: readonly Chunk[], maxTokens: number): void {
  let position = 0;
  let outside = "";
  for (const [index, each] of chunks.entries()) {
    expect(each.text).toBe(text.slice(each.start, each.end));
    expect(each.index).toBe(index);
    expect(each.start).toBeGreaterThanOrEqual(position);
    expect(each.tokenCount).toBe(countTokens(each.text));
    expect(each.tokenCount).toBeLessThanOrEqual(maxTokens);
    outside += text.slice(position, each.start);
    position = each.end;
  }
  expect((outside + text.slice(position)).trim()).toBe("");
}

describe("chunking", () => {
  it("merges blocks up to the target and no further", () => {
    expect(texts("One two three.\n\nFour five six.\n\nSeven eight nine ten.")).toEqual([
      "One two three.\n\nFour five six.",
      "Seven eight nine ten.",
    ]);
  });

  it("keeps a heading with what it heads, and begins a chunk with a section", () => {
    const text = "# A\n\nOne two three four.\n\n## B\n\nFive.\n\n## C\n\nSix.";
    const chunks = chunk(text, { targetTokens: 12 });
    expect(chunks.map(({ headings }) => headings)).toEqual([["A"], ["A", "B"]]);
    expect(chunks[1]?.text).toBe("## B\n\nFive.\n\n## C\n\nSix.");
  });

  it("names all headings that open a chunk together, and those above a later one", () => {
    const text = `# A\n\n## B *b*\n\n${"word ".repeat(12)}\n\n${"more ".repeat(12)}`;
    expect(chunk(text).map(({ headings }) => headings)).toEqual([
      ["A", "B b"],
      ["A", "B b"],
    ]);
  });

  it("keeps whole a block between target and maximum", () => {
    const item = `1. ${"word ".repeat(12)}\n\n   nested`.trim();
    expect(texts(`Before it one two three four five six.\n\n${item}`)).toEqual([
      "Before it one two three four five six.",
      item,
    ]);
  });

  it("cuts a long paragraph after sentences, a long sentence after words, a long word between characters", () => {
    const sentence = "One two three four five six seven. ";
    expect(texts(sentence.repeat(3).trim())).toEqual([sentence.trim(), sentence.trim(), sentence.trim()]);
    expect(texts("w ".repeat(25).trim())).toEqual([
      "w ".repeat(10).trim(),
      "w ".repeat(10).trim(),
      "w ".repeat(5).trim(),
    ]);
    expect(texts("👩🏽‍💻".repeat(6), { countTokens: (text) => [...text].length })).toEqual(
      Array(3).fill("👩🏽‍💻👩🏽‍💻"),
    );
  });

  it("cuts long code after lines, and keeps its indentation", () => {
    const text = ["```js", ...Array.from({ length: 8 }, (_, i) => `  call(${i}, ${i});`), "```"].join("\n");
    const pieces = texts(text);
    expect(pieces.join("\n")).toBe(text);
    expect(pieces.length).toBeGreaterThan(3);
  });

  it("drops nothing after a fence that is never closed", () => {
    const text = `Before.\n\n\`\`\`\n${"line of text\n".repeat(20)}`;
    expectWhole(text, chunk(text), 20);
  });

  it("keeps numbered notes together", () => {
    const notes = "[1] First one of all.\n\n[2] Second one of all.";
    expect(texts(`A paragraph of eight words comes before it.\n\n${notes}`)).toEqual([
      "A paragraph of eight words comes before it.",
      notes,
    ]);
  });

  it("joins a small rest to the chunk before it", () => {
    expect(texts("One two three four five six seven eight nine.\n\nEnd.")).toHaveLength(1);
  });

  it("leaves no rest alone in the middle of a text, nor a break, nor Djot attributes without their block", () => {
    const long = (word: string): string => `${word} `.repeat(10).trim();
    expect(texts(`${long("one")}\n\nTwo.\n\n${long("three")}`)).toEqual([`${long("one")}\n\nTwo.`, long("three")]);
    expect(texts(`${long("one")}\n\n***\n\n${long("two")}`)).toEqual([`${long("one")}\n\n***`, long("two")]);
    expect(texts(`${long("one")}\n\n{cap="A"}\n${long("two")}`)[1]).toBe(`{cap="A"}\n${long("two")}`);
  });

  it("knows the line of the raw content that each of its lines came from", () => {
    expect(
      chunk("One two three.\n\nFour five six.\n\nSeven eight nine ten.").map(({ sourceLines }) => sourceLines),
    ).toEqual([[11, 12, 13], [15]]);
  });

  it("gives equal ids for equal documents and none for an empty one", () => {
    expect(chunk("One.").map(({ id }) => id)).toEqual(chunk("One.").map(({ id }) => id));
    expect(chunk("")).toEqual([]);
  });

  it("has every character that is not white space in exactly one chunk within the limit, over random Markdown", () => {
    const word = fc.constantFrom(
      "word",
      "longer",
      "don’t",
      "👩🏽‍💻",
      "é",
      "`code`",
      "[a](https://b.c)",
      "日本語",
      "x".repeat(40),
    );
    const sentence = fc.array(word, { minLength: 1, maxLength: 30 }).map((words) => `${words.join(" ")}.`);
    const block = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 4 }), word).map(([level, name]) => `${"#".repeat(level)} ${name}`),
      fc.array(sentence, { minLength: 1, maxLength: 4 }).map((sentences) => sentences.join(" ")),
      fc.array(sentence, { minLength: 1, maxLength: 5 }).map((items) => items.map((item) => `- ${item}`).join("\n")),
      fc.array(sentence, { minLength: 1, maxLength: 5 }).map((lines) => `\`\`\`\n${lines.join("\n  ")}\n\`\`\``),
      fc
        .array(word, { minLength: 1, maxLength: 20 })
        .map((cells) => `| a |\n|---|\n${cells.map((c) => `| ${c} |`).join("\n")}`),
      fc.constantFrom("```", "~~~", "---", "> quote", "[1] note", "    code", "announced:", "", " ", "\t"),
    );
    const separator = fc.constantFrom("\n", "\n\n", "\n\n\n", "  \n");
    const text = fc.array(fc.tuple(block, separator), { maxLength: 20 }).map((parts) => parts.flat().join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 40 }), fc.boolean(), (written, maxTokens, isCode) => {
        const each = isCode ? `~~~~~\n${written}\n~~~~~` : written;
        expectWhole(each, chunk(each, { maxTokens, targetTokens: Math.ceil(maxTokens / 2) }), maxTokens);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it("keeps within the limit with a tokenizer that marks every text and counts joined parts higher", () => {
    const marked = (each: string): number => 2 + Math.ceil(each.length / 3) + (each.length > 30 ? 3 : 0);
    const text = "Some words here.\n\n".repeat(30);
    const chunks = chunk(text, { countTokens: marked, maxTokens: 20, targetTokens: 20 });
    expect(Math.max(...chunks.map(({ tokenCount }) => tokenCount))).toBeLessThanOrEqual(20);
    expect(chunks.map((each) => each.text).join("\n\n")).toBe(text.trim());
  });

  it("counts each text only a few times over", () => {
    let counted = 0;
    const text = `${"A sentence of some words. ".repeat(200)}\n\n`.repeat(5);
    chunk(text, {
      maxTokens: 100,
      targetTokens: 75,
      countTokens: (each) => {
        counted += each.length;
        return countTokens(each);
      },
    });
    expect(counted / text.length).toBeLessThan(12);
  });

  it("keeps a sentence with a colon together with what it announces", () => {
    expect(texts("One two three four five.\n\nThese are the reasons:\n\n- first of all\n- then")).toEqual([
      "One two three four five.",
      "These are the reasons:\n\n- first of all\n- then",
    ]);
  });

  it("cuts files of code between definitions, and says inside of which one a later piece is", () => {
    const long = Array.from({ length: 9 }, (_, i) => `  step(${i});`).join("\n");
    const text = `\`\`\`\`js\n# Not a heading\nimport x;\n\n// Adds.\nfunction add(a, b) {\n  return a + b;\n}\n\nfunction run() {\n${long}\n}\n\`\`\`\``;
    const chunks = chunk(text, { maxTokens: 32, targetTokens: 20 });
    expectWhole(text, chunks, 32);
    expect(chunks.map((each) => [each.headings, each.text.split("\n")[0]])).toEqual([
      [[], "````js"],
      [[], "// Adds."],
      [[], "function run() {"],
      [["function run() {"], "  step(3);"],
      [["function run() {"], "  step(7);"],
    ]);
  });

  it("says which chunks stand beside one in its document", () => {
    const chunks = chunk("One two three.\n\nFour five six.\n\nSeven eight nine ten.\n\nEleven twelve thirteen.");
    const [a, b] = chunks.map(({ id }) => id);
    const neighbours = neighboursOf(chunks.toReversed());
    expect(neighbours.get(a ?? "")).toEqual({ previousId: null, nextId: b });
    expect(neighbours.get(b ?? "")).toEqual({ previousId: a, nextId: null });
  });

  it("names for a later piece of a paragraph the heading over it, not the next one", () => {
    const chunks = chunk(`# A\n\n${"word ".repeat(30).trim()}\n\n# B\n\nEnd of it all, with some more words here.`);
    expect(chunks.map(({ headings }) => headings)).toEqual([["A"], ["A"], ["A"], ["B"]]);
  });

  it("keeps the same promises on every page of this repository’s examples", () => {
    const folder = join(import.meta.dirname, "../../../examples/authors");
    for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((each) =>
      each.endsWith(".md"),
    )) {
      const text = readFileSync(join(folder, path), "utf8");
      expectWhole(text, chunk(text, { maxTokens: 256, targetTokens: 200 }), 256);
    }
  });
});
