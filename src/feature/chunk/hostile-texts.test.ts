import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RawDocument } from "../../contracts/documents.ts";
import { fixtureRaw } from "../../contracts/records-fixture.ts";
import { cleanDocument } from "../clean/clean-document.ts";
import { maskPii } from "../clean/mask-pii.ts";
import { chunkDocument } from "./chunk-document.ts";

const countTokens = (text: string): number => text.match(/[\p{L}\p{N}]{1,8}|[^\s\p{L}\p{N}]/gu)?.length ?? 0;
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

const PIECES = [
  ..."\0|\t|\r|\n|\n\n|\r\n|\u0085|\u2028|\uFEFF|\u200B|\u202E|\uD800|\uDC00|    | |.|?|。".split("|"),
  ..."# |## |```|~~~|- |1. |> |---|===|+++|***|`|``|[1] |[^1]: |{cap=1}|<script>|&nbsp;|[x](y)|title: x".split("|"),
  ...'def f():|}|{|//|"""|word|漢字|שלום|e\u0301|👩🏽‍💻|a@b.org|+49 30 901820'.split("|"),
  "|",
  "x".repeat(300),
];

const hostile = fc.record({
  content: fc.array(fc.constantFrom(...PIECES), { maxLength: 80 }).map((pieces) => pieces.join("")),
  tags: fc.constantFrom<string[]>([], [], ["code", "js"]),
  maxTokens: fc.integer({ min: 8, max: 60 }),
});

const raw = (content: string, tags: string[]): RawDocument =>
  fixtureRaw({ format: tags.length > 0 ? "text" : "markdown", content, tags });

describe("hostile texts", () => {
  it("are cleaned, masked and chunked without a word lost, each line with its place, no chunk too long", () => {
    fc.assert(
      fc.property(hostile, ({ content, tags, maxTokens }) => {
        const document = cleanDocument(raw(content, tags), new Map());
        const { text, sourceLines } = document;
        const lineCount = text.split("\n").length;
        if (text !== "") expect(sourceLines).toHaveLength(lineCount);
        expect(maskPii(text).text.split("\n")).toHaveLength(lineCount);
        let [end, outside] = [0, ""];
        for (const chunk of chunkDocument(document, { countTokens, maxTokens })) {
          outside += text.slice(end, chunk.start);
          end = chunk.end;
          expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
          expect(chunk.sourceLines).toHaveLength(chunk.text.split("\n").length);
          const isOneCharacter = [...characters.segment(chunk.text)].length === 1;
          expect(chunk.tokenCount <= maxTokens || isOneCharacter).toBe(true);
        }
        expect((outside + text.slice(end)).trim()).toBe("");
      }),
      { numRuns: 1000, seed: 5 },
    );
  });
});
