import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "./parse-csv.ts";
import { parseJsonArray } from "./parse-json-array.ts";

/** The text in pieces of up to `size`, as a file comes. */
async function* piecesOf(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

describe("comma-separated values", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", " ", "😀") });
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

  it("come back as they were written, whatever is inside of them and however they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1 }),
        fc.integer({ min: 1, max: 9 }),
        async (rows, size) => {
          const text = `a,b\r\n${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
          const found = await Array.fromAsync(parseCsv(piecesOf(text, size)));
          expect(found.map((row) => [row.get("a"), row.get("b")])).toEqual(rows);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it("may lack fields, quotes at the end, and anything at all", async () => {
    const parse = (text: string) => Array.fromAsync(parseCsv(piecesOf(text, 4)));
    expect(await parse('\uFEFFa,b\nx\n\n"open, y')).toEqual([new Map([["a", "x"]]), new Map([["a", "open, y"]])]);
    expect(await parse("")).toEqual([]);
  });
});

describe("a large JSON array", () => {
  it("gives its objects one by one, however it is cut and whatever stands before it", async () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()))));
    await fc.assert(
      fc.asyncProperty(objects, fc.integer({ min: 1, max: 9 }), async (list, size) => {
        const text = `window.YTD.tweets.part0 = ${JSON.stringify(list)};`;
        expect(await Array.fromAsync(parseJsonArray(piecesOf(text, size)))).toEqual(JSON.parse(JSON.stringify(list)));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("without an end is refused after what it holds", async () => {
    const taken: unknown[] = [];
    const all = async (): Promise<void> => {
      for await (const each of parseJsonArray(piecesOf('[{"a":"]"},{"b"', 3))) taken.push(each);
    };
    await expect(all()).rejects.toThrow(SyntaxError);
    expect(taken).toEqual([{ a: "]" }]);
  });
});
