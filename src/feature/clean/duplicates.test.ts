import { describe, expect, it } from "vitest";
import type { CleanedDocument } from "../../contracts/features.ts";
import { markDuplicates } from "./duplicates.ts";

const words = (seed: number, count = 60): string[] =>
  Array.from({ length: count }, (_, i) => `word${(seed * 7919 + i * 104729) % 5003}`);

const document = (id: string, text: string, more: Partial<CleanedDocument> = {}): CleanedDocument => ({
  id,
  version: 1,
  authorId: "ada",
  authorFullName: "Ada",
  kind: "article",
  platform: "ada.example.org",
  source: `https://ada.example.org/${id}`,
  title: "T",
  publishedAt: null,
  language: null,
  tags: [],
  text,
  sourceLines: null,
  duplicateOf: null,
  ...more,
});

const marksOf = (...parameters: Parameters<typeof markDuplicates>): Record<string, string | null> =>
  Object.fromEntries(markDuplicates(...parameters).documents.map(({ id, duplicateOf }) => [id, duplicateOf]));

describe("duplicates of an author", () => {
  it("marks copies and near copies, keeps every document, and leaves other texts alone", () => {
    const text = words(1).join(" ");
    const edited = words(1).with(30, "changed").join(" ");
    const documents = [
      document("a", text),
      document("b", text),
      document("c", edited),
      document("d", words(2).join(" ")),
    ];
    const { documents: marked, duplicates } = markDuplicates(documents);
    expect(marked.map(({ id, duplicateOf }) => [id, duplicateOf])).toEqual([
      ["a", null],
      ["b", "a"],
      ["c", "a"],
      ["d", null],
    ]);
    expect(marked.map(({ text: each }) => each)).toEqual(documents.map(({ text: each }) => each));
    expect(duplicates).toEqual([
      { id: "b", duplicateOf: "a", similarity: 1 },
      { id: "c", duplicateOf: "a", similarity: 51 / 61 },
    ]);
  });

  it("keeps the one that others call canonical, else the earliest, else the first by id", () => {
    const text = words(1).join(" ");
    const [late, early, undated] = [
      document("b", text, { publishedAt: "2024-05-01" }),
      document("c", text, { publishedAt: "2023-05-01" }),
      document("a", text),
    ];
    expect(marksOf([late, early, undated])).toEqual({ a: "c", b: "c", c: null });
    const sources = [{ id: "c", canonicalUrl: late.source }];
    expect(marksOf([late, early, undated], sources)).toEqual({ a: "b", b: null, c: "b" });
    expect(marksOf([document("z", text), document("y", text)])).toEqual({ z: "y", y: null });
  });

  it("never marks a copy of a copy, nor a text of another author, nor an empty one", () => {
    const chain = [0, 6, 12].map((shift) => [...words(shift + 1, shift), ...words(9, 60).slice(shift)].join(" "));
    const marks = Object.values(marksOf(chain.map((text, i) => document(`${i}`, text))));
    for (const mark of marks) expect(mark === null || marks[Number(mark)] === null).toBe(true);
    expect(marks).toEqual([null, "0", null]);
    const text = words(1).join(" ");
    expect(marksOf([document("a", text), document("b", text, { authorId: "bob" })])).toEqual({ a: null, b: null });
    expect(marksOf([document("a", ""), document("b", "")])).toEqual({ a: null, b: null });
  });
});
