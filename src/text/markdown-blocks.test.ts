import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { headingText, parseMarkdownBlocks } from "./markdown-blocks.ts";

const blocksOf = (text: string): [string, string][] =>
  parseMarkdownBlocks(text).map(({ kind, start, end }) => [kind, text.slice(start, end)]);

describe("the blocks of Markdown", () => {
  it("tells headings, paragraphs, breaks, quotes, tables and code apart", () => {
    const text = [
      "# One\nA paragraph\nof two lines\n## Two",
      "***",
      "> quoted\n> twice",
      "| a | b |\n|---|---|\n| 1 | 2 |",
      "```js\n# not a heading\n\n- not an item\n```",
      "    indented\n\n    code",
      "Underlined\n==========",
    ].join("\n\n");
    expect(blocksOf(text)).toEqual([
      ["heading", "# One"],
      ["paragraph", "A paragraph\nof two lines"],
      ["heading", "## Two"],
      ["break", "***"],
      ["quote", "> quoted\n> twice"],
      ["table", "| a | b |\n|---|---|\n| 1 | 2 |"],
      ["code", "```js\n# not a heading\n\n- not an item\n```"],
      ["code", "    indented\n\n    code"],
      ["heading", "Underlined\n=========="],
    ]);
  });

  it("keeps with an item what is nested in it, and ends it where the text is no longer indented", () => {
    const item = "1. First\nlazily continued\n\n   second paragraph\n\n   - nested\n\n   ```\n# code\n   ```";
    expect(blocksOf(`${item}\n2. Second\n\nAfter.`)).toEqual([
      ["item", item],
      ["item", "2. Second"],
      ["paragraph", "After."],
    ]);
  });

  it("runs a fence that is never closed to the end, and closes one only with as many marks", () => {
    expect(blocksOf("````\n```\ninside\n````\nafter")).toEqual([
      ["code", "````\n```\ninside\n````"],
      ["paragraph", "after"],
    ]);
    expect(blocksOf("before\n\n```\n# lost?\n\ntext")).toEqual([
      ["paragraph", "before"],
      ["code", "```\n# lost?\n\ntext"],
    ]);
  });

  it("knows footnotes and numbered references from links at the start of a line", () => {
    expect(blocksOf("[^1]: A note.\n[2] Another,\nwrapped.\n\n[3](https://example.org) is a link.")).toEqual([
      ["note", "[^1]: A note."],
      ["note", "[2] Another,\nwrapped."],
      ["paragraph", "[3](https://example.org) is a link."],
    ]);
  });

  it("does not take a year at the start of a wrapped line for an item", () => {
    expect(blocksOf("It was in\n1984. Nobody knew.")).toEqual([["paragraph", "It was in\n1984. Nobody knew."]]);
  });

  it("has every character that is not white space in exactly one block, over random texts", () => {
    const pieces = [
      "# h",
      "text",
      "- item",
      "    code",
      "```",
      "~~~",
      "> q",
      "| a | b |",
      "|---|---|",
      "",
      "",
      "[1] n",
      "---",
      "\ttab",
      "1. one",
      "  two",
    ];
    const random = createRandom(7);
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: random.integer(30) }, () => pieces[random.integer(pieces.length)]).join("\n");
      let position = 0;
      let outside = "";
      for (const { start, end } of parseMarkdownBlocks(text)) {
        outside += text.slice(position, start);
        expect(start).toBeGreaterThanOrEqual(position);
        position = end;
      }
      expect((outside + text.slice(position)).trim()).toBe("");
    }
  });

  it("reads the words of a heading without its marks", () => {
    expect(headingText("### 1\\. **Why** [here](https://a.b) `x_y` _so_ ###")).toBe("1. Why here x_y so");
  });
});
