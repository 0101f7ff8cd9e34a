import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../../core/random.ts";
import { bytes } from "./bytes.ts";
import { createStore, describeMaterializer } from "./materializer.contract.ts";
import { text } from "./text.ts";

const ALPHABET = ["a", "é", "\n", "\r\n", "\0", "\uFEFF", "😀", "\u2028", '"', "ß", "中", "e\u0301"];

const texts = (random: Random): string[] =>
  Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: i * 10 }, () => ALPHABET[random.integer(ALPHABET.length)] ?? "").join(""),
  );

describeMaterializer("text", {
  materializer: text(),
  values: () => texts(createRandom(1)),
  damaged: [Uint8Array.of(0xff), Uint8Array.of(0xc3), Buffer.from("caf\u00e9", "latin1")],
  refused: [1, null, undefined, ["a"], "\uD83D", "a\uDE00b", Buffer.from("a")],
});

describeMaterializer("bytes", {
  materializer: bytes(),
  values: () => {
    const random = createRandom(2);
    return Array.from({ length: 40 }, (_, i) => Uint8Array.from({ length: i * 7 }, () => random.integer(256)));
  },
  damaged: [],
  refused: ["a", null, [1, 2], new Uint16Array(2), new ArrayBuffer(2)],
});

describe("text and bytes", () => {
  it("writes text as it is, also the mark before it", async () => {
    const { content, preview } = await text().save("\uFEFFa\nb", createStore(), "it");
    expect([Buffer.from(content).toString("hex"), preview]).toEqual(["efbbbf610a62", "\uFEFFa\nb"]);
  });

  it("reads bytes that later edits of the content do not change", async () => {
    const content = Uint8Array.of(1, 2);
    const value = await bytes().load(content, createStore());
    content.fill(9);
    expect([...value]).toEqual([1, 2]);
  });
});
