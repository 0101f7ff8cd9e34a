import { describe, expect, it } from "vitest";
import { countPieces } from "./count-pieces.ts";

describe("countPieces", () => {
  it("counts words, longer ones as several, numbers by threes and every sign", () => {
    expect(countPieces("Hello, world!")).toBe(4);
    expect(countPieces("internationalisation")).toBe(3);
    expect(countPieces("1234567 🙂")).toBe(4);
    expect(countPieces(" \n")).toBe(0);
  });
});
