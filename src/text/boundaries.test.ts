import { describe, expect, it } from "vitest";
import { characterEnds, lineEnds, sentenceEnds, wordEnds } from "./boundaries.ts";

const cut = (text: string, ends: number[]): string[] => ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));

describe("boundaries", () => {
  it("ends sentences at their marks and not at wrapped lines", () => {
    const text = "Version 2.5 works,\nI think. “Really?” Yes!\n\nNext";
    expect(cut(text, sentenceEnds(text))).toEqual(["Version 2.5 works,\nI think. ", "“Really?” ", "Yes!\n\n", "Next"]);
  });

  it("ends no sentence inside of an address, and one after a Chinese full stop", () => {
    const text = "Try https://example.org/a?b=c!d first. 我来了。你呢？好。";
    expect(cut(text, sentenceEnds(text))).toEqual([
      "Try https://example.org/a?b=c!d first. ",
      "我来了。",
      "你呢？",
      "好。",
    ]);
  });

  it("ends lines and words with the white space after them, and at the end", () => {
    expect(cut("a b\n\nc", lineEnds("a b\n\nc"))).toEqual(["a b\n\n", "c"]);
    expect(cut(" a  b", wordEnds(" a  b"))).toEqual([" ", "a  ", "b"]);
    expect([lineEnds(""), wordEnds(""), sentenceEnds("")]).toEqual([[], [], []]);
  });

  it("never cuts an emoji of many code points", () => {
    expect(cut("a👩🏽‍💻é", characterEnds("a👩🏽‍💻é"))).toEqual(["a", "👩🏽‍💻", "é"]);
  });
});
