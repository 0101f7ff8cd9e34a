import { describe, expect, it } from "vitest";
import { trainByteNgrams } from "../../bench/byte-ngrams.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const TEXT = bytes("the cat sat on the mat and the rat sat on the cat. ".repeat(40));

describe("the byte n-gram model that the base is measured against", () => {
  it("gives the 256 bytes that may follow a text probabilities that sum to 1", () => {
    const model = trainByteNgrams(TEXT, 6);
    for (const context of ["the ", "zzzzzz", "on the c", ""]) {
      const before = model.bits(bytes(context));
      const sum = Array.from({ length: 256 }, (_, byte) => {
        const text = Buffer.concat([bytes(context), Uint8Array.of(byte)]);
        return 2 ** (before - model.bits(text));
      }).reduce((total, p) => total + p, 0);
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it("is Witten and Bell's estimate, and 8 bits a byte where it knows nothing", () => {
    // After "a": b twice and c once of three, two distinct. Alone: a 3, b 2, c 1 of six, three distinct.
    const model = trainByteNgrams(bytes("ababac"), 2);
    const alone = (2 + 3 / 256) / (6 + 3);
    const first = (3 + 3 / 256) / (6 + 3);
    expect(model.bits(bytes("ab"))).toBeCloseTo(-Math.log2(first) - Math.log2((2 + 2 * alone) / (3 + 2)), 9);
    expect(trainByteNgrams(bytes(""), 6).bits(bytes("abcd"))).toBe(32);
  });

  it("expects what it has seen, the more the longer its context", () => {
    const [one, six] = [trainByteNgrams(TEXT, 1), trainByteNgrams(TEXT, 6)];
    const text = bytes("the rat sat on the mat");
    expect(six.bits(text)).toBeLessThan(one.bits(text) / 2);
    expect(six.bits(text)).toBeLessThan(six.bits(bytes("qxz rvw")));
  });
});
