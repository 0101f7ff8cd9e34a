import { describe, expect, it } from "vitest";
import { joinLines, normalizeLines } from "./normalize-lines.ts";

const clean = (text: string): string => joinLines(normalizeLines(text)).text;

describe("normalised lines", () => {
  it("keeps the writing: quotes, apostrophes, dashes, emoji with joiners, links and their texts", () => {
    const text = "“Don’t” isn't — well… ‘so’ e-mail 👩🏽‍💻🫶 [a link](https://example.org/?a=1&b=%20) naïve ½";
    expect(clean(text)).toBe(text);
  });

  it("composes characters, and takes out what cannot be seen", () => {
    expect(clean("\uFEFFcafe\u0301\u200B \u00ADsoft\u00A0space\u0007")).toBe("café soft space");
  });

  it("leaves code as it was, down to white space at line ends", () => {
    const code = "```py\nx = 'e\u0301'\u00A0 \n\n\n\nprint(x)\t\n```";
    expect(clean(`Text.  \n\n\n${code}\n\n\n\nEnd.   `)).toBe(`Text.\n\n${code}\n\nEnd.`);
  });

  it("keeps a hard line break, and no other white space at line ends", () => {
    expect(clean("one   \ntwo \nthree  ")).toBe("one  \ntwo\nthree");
  });

  it("tells the line that each line came from", () => {
    const { text, sourceLines } = joinLines(normalizeLines("\r\n\r\nfirst\r\n\r\n\r\nsecond\r\n"));
    expect(text).toBe("first\n\nsecond");
    expect(sourceLines).toEqual([3, 4, 6]);
  });

  it("gives nothing for white space alone", () => {
    expect(joinLines(normalizeLines(" \n\t\n"))).toEqual({ text: "", sourceLines: [] });
  });
});
