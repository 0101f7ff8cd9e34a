import { describe, expect, it } from "vitest";
import { addLexicalDimensions } from "./lexical-dimensions.ts";

const options = {
  dimensions: 2,
  lexicalDimensions: 400,
  passageCounts: Uint32Array.of(0, 9, 99),
  passageCount: 99,
  seed: 1,
};
const table = Float32Array.of(3, 4, 0, 5, 0, 0);
const rows = (values: Float32Array): Float32Array[] =>
  [0, 1, 2].map((row) => values.subarray(row * 402, (row + 1) * 402));
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

describe("lexical dimensions", () => {
  it("stand beside the trained ones, longer for a rarer piece, nearly at right angles", () => {
    const [rare, known, everywhere] = rows(addLexicalDimensions(table, options)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]; // three rows
    expect([rare.subarray(0, 2), known.subarray(0, 2)]).toEqual([Float32Array.of(3, 4), Float32Array.of(0, 5)]);
    const [a, b] = [rare.subarray(2), known.subarray(2)];
    // Equal trained lengths; rarities ln 100 and ln 10.
    expect(dot(a, a) / dot(b, b)).toBeCloseTo(2, 4);
    expect(Math.abs(dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b))).toBeLessThan(0.15);
    expect(dot(everywhere, everywhere)).toBe(0);
  });

  it("are equal for equal seeds", () => {
    expect(addLexicalDimensions(table, options)).toEqual(addLexicalDimensions(table, options));
    expect(addLexicalDimensions(table, options)).not.toEqual(addLexicalDimensions(table, { ...options, seed: 2 }));
  });
});
