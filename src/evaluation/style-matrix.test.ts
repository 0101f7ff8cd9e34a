import { describe, expect, it } from "vitest";
import type { VoiceModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import { styleMatrix } from "./style-matrix.ts";

/** A voice that spends `bits` on a text: easy to check by hand. */
const voice = (bits: (text: string) => number): VoiceModel => ({
  id: "fake",
  parameterCount: 1,
  continue: () => {
    throw new RangeError("not asked for");
  },
  bits: async (texts) => texts.map(bits),
  close: async () => undefined,
});
/** Expects one word at `known` bits a byte and everything else at 4. */
const knows = (word: string, known: number): VoiceModel =>
  voice((text) => Buffer.byteLength(text) * (text.includes(word) ? known : 4));

const measure = (heldOut: Record<string, string[]>) =>
  styleMatrix({
    adapters: { Ada: knows("ada", 2), Bob: knows("bob", 3) },
    base: voice((text) => Buffer.byteLength(text) * 5),
    heldOut,
    random: createRandom(1),
  });

describe("the style matrix", () => {
  it("has every voice on every author, as bits per byte, mean over documents", async () => {
    const { cells } = await measure({ Ada: ["ada one", "no name"], Bob: ["bob"] });
    const original = cells.filter(({ order }) => order === "original");
    expect(original.map(({ voice, author, bitsPerByte }) => [voice, author, bitsPerByte])).toEqual([
      ["base", "Ada", 5],
      ["Ada", "Ada", 3],
      ["Bob", "Ada", 4],
      ["base", "Bob", 5],
      ["Ada", "Bob", 4],
      ["Bob", "Bob", 3],
    ]);
  });

  it("gains the other adapter's bits minus the own, paired by document", async () => {
    const { gains } = await measure({ Ada: ["ada", "ada again", "plain"] });
    expect(gains[0]).toMatchObject({ author: "Ada", order: "original", documentCount: 3, gain: 4 / 3 });
    expect(gains[0]?.interval).toEqual({ low: 0, high: 2 });
  });

  it("stays the same in shuffled words for voices that know words but not their order", async () => {
    const { gains } = await measure({ Ada: ["ada writes a line", "so ada does"] });
    expect(gains.map(({ order, gain }) => [order, gain])).toEqual([
      ["original", 2],
      ["shuffled", 2],
    ]);
  });

  it("measures prose only: bytes of fenced code and front matter are not counted", async () => {
    const seen: string[] = [];
    await styleMatrix({
      adapters: {},
      base: voice((text) => seen.push(text)),
      heldOut: { Ada: ["---\ntitle: x\n---\nProse.\n\n```\ncode\n```\n"], Bob: ["```\nonly code\n```"] },
      random: createRandom(1),
    });
    expect(seen).toEqual(["Prose.", "Prose."]);
  });

  it("claims no gain where there is no other author's adapter", async () => {
    const { gains } = await styleMatrix({
      adapters: { Ada: knows("ada", 2) },
      base: knows("ada", 3),
      heldOut: { Ada: ["ada"] },
      random: createRandom(1),
    });
    expect(gains).toEqual([]);
  });

  it("is equal for equal seeds", async () => {
    const heldOut = { Ada: ["ada a", "b", "ada c"] };
    expect(await measure(heldOut)).toEqual(await measure(heldOut));
  });
});
