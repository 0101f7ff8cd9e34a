import { describe, expect, it } from "vitest";
import { quotableSpans } from "./quotable-spans.ts";

const quotesOf = (text: string): string[] => quotableSpans(text).map(({ start, end }) => text.slice(start, end));

describe("quotable spans", () => {
  it("are one to three sentences of a paragraph, never over a blank line's block of another kind", () => {
    expect(quotesOf("## Heading\n\nOne fox. Two foxes. Three foxes. Four foxes.")).toEqual([
      "One fox.",
      "One fox. Two foxes.",
      "One fox. Two foxes. Three foxes.",
      "Two foxes.",
      "Two foxes. Three foxes.",
      "Two foxes. Three foxes. Four foxes.",
      "Three foxes.",
      "Three foxes. Four foxes.",
      "Four foxes.",
    ]);
  });

  it("are a list item or a numbered note as a whole, without its mark", () => {
    expect(quotesOf("1. Keep 24 workers. Drained in 90 minutes.\n2. Stop.\n\n- A bullet.")).toEqual([
      "Keep 24 workers. Drained in 90 minutes.",
      "Stop.",
      "A bullet.",
    ]);
  });

  it("are the rows of a table, and never a heading or code", () => {
    expect(quotesOf("# Top\n\n```js\ncode();\n```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |")).toEqual([
      "| a | b |",
      "| --- | --- |",
      "| 1 | 2 |",
    ]);
  });

  it("are never links alone, which say nothing themselves", () => {
    expect(
      quotesOf(
        "- [Enabling WAL mode](https://a.example/wal.md) - 2020-08-09\n- See [WAL](b.md).\n\n<https://a.example>",
      ),
    ).toEqual(["See [WAL](b.md)."]);
  });
});
