import { describe, expect, it } from "vitest";
import { proseOf, proseSpans } from "./prose-spans.ts";

describe("prose spans", () => {
  it("leave out front matter and fenced code, and are slices of the text", () => {
    const text = '---\ntitle: "A"\n---\n\n# A\n\nBefore.\n\n```js\nconst x = 1;\n```\n\nAfter `inline` code.\n';
    expect(proseSpans(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      "# A\n\nBefore.",
      "After `inline` code.",
    ]);
    expect(proseOf(text)).toBe("# A\n\nBefore.\n\nAfter `inline` code.");
  });

  it("close a fence only with as many of its own characters", () => {
    expect(proseOf("a\n\n````md\n```js\n1\n```\n~~~~\n````\n\nb")).toBe("a\n\nb");
    expect(proseOf("a\n\n~~~\n```\n~~~\nb")).toBe("a\n\nb");
  });

  it("take an unclosed fence as code to the end, as Markdown does", () => {
    expect(proseOf("a\n\n```\nb\n\nc")).toBe("a");
  });

  it("keep a horizontal rule and inline code that stands on a line of its own", () => {
    expect(proseOf("a\n\n---\n\n```inline``` and on\n\nb")).toBe("a\n\n---\n\n```inline``` and on\n\nb");
  });

  it("find fences inside lists and quotes", () => {
    expect(proseOf("1. ```sh\n   ls\n   ```\nend\n\n> ```\n> x\n> ```\n\nb")).toBe("end\n\nb");
  });

  it("are none in a text of code alone", () => {
    expect(proseSpans("```\nx\n```\n")).toEqual([]);
    expect(proseSpans("")).toEqual([]);
  });
});
