import { describe, expect, it } from "vitest";
import { type ComparedDocument, findDuplicates } from "./duplicates.ts";

const words = (seed: number, count = 60): string[] =>
  Array.from({ length: count }, (_, i) => `word${(seed * 7919 + i * 104729) % 5003}`);

const document = (id: string, text: string, more: Partial<ComparedDocument> = {}): ComparedDocument => ({
  id,
  authorId: "ada",
  source: `https://ada.example.org/${id}`,
  publishedAt: null,
  canonicalUrl: null,
  text,
  ...more,
});

const marksOf = async (documents: readonly ComparedDocument[]): Promise<Record<string, string | null>> => {
  const copies = await findDuplicates(() => documents);
  return Object.fromEntries(documents.map(({ id }) => [id, copies.get(id)?.duplicateOf ?? null]));
};

describe("duplicates of an author", () => {
  it("are copies and near copies, and no other texts", async () => {
    const text = words(1).join(" ");
    const edited = words(1).with(30, "changed").join(" ");
    const documents = [
      document("a", text),
      document("b", text),
      document("c", edited),
      document("d", words(2).join(" ")),
    ];
    expect([...(await findDuplicates(() => documents)).values()]).toEqual([
      { id: "b", duplicateOf: "a", similarity: 1 },
      { id: "c", duplicateOf: "a", similarity: 51 / 61 },
    ]);
  });

  it("hold of the texts at a time only those that may be copies", async () => {
    const documents = Array.from({ length: 9 }, (_, i) => document(`${i}`, words(i % 8).join(" ")));
    let passes = 0;
    const copies = await findDuplicates(() => {
      passes++;
      return documents;
    });
    expect([passes, copies.get("8")?.duplicateOf]).toEqual([1, "0"]); // equal words need no second look
  });

  it("keeps the one that others call canonical, else the earliest, else the first by id", async () => {
    const text = words(1).join(" ");
    const [late, early, undated] = [
      document("b", text, { publishedAt: "2024-05-01" }),
      document("c", text, { publishedAt: "2023-05-01" }),
      document("a", text),
    ];
    expect(await marksOf([late, early, undated])).toEqual({ a: "c", b: "c", c: null });
    expect(await marksOf([late, { ...early, canonicalUrl: late.source }, undated])).toEqual({
      a: "b",
      b: null,
      c: "b",
    });
    expect(await marksOf([document("z", text), document("y", text)])).toEqual({ z: "y", y: null });
  });

  it("never marks a copy of a copy, nor a text of another author, nor an empty one", async () => {
    const chain = [0, 6, 12].map((shift) => [...words(shift + 1, shift), ...words(9, 60).slice(shift)].join(" "));
    const marks = Object.values(await marksOf(chain.map((text, i) => document(`${i}`, text))));
    for (const mark of marks) expect(mark === null || marks[Number(mark)] === null).toBe(true);
    expect(marks).toEqual([null, "0", null]);
    const text = words(1).join(" ");
    expect(await marksOf([document("a", text), document("b", text, { authorId: "bob" })])).toEqual({
      a: null,
      b: null,
    });
    expect(await marksOf([document("a", ""), document("b", "")])).toEqual({ a: null, b: null });
  });
});
