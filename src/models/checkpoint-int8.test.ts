import { describe, expect, it } from "vitest";
import { parseCheckpoint, toFloatCheckpoint, toInt8Checkpoint } from "./checkpoint-int8.ts";
import { fromInt8Rows, toInt8Rows } from "./int8-rows.ts";
import { llamaTensors } from "./llama-config.ts";
import { parseSafetensors, toSafetensors } from "./safetensors.ts";
import { TINY_CONFIG, tinyWeights } from "./tiny-llama.ts";

describe("8-bit rows", () => {
  it("are exact at zero and at a row's largest magnitude, and within half a step elsewhere", () => {
    const matrix = Float32Array.of(0, 1.27, -0.634, 0.005, 0, 0, 0, 0, -127, 0.4, 64, 63.5);
    const rows = toInt8Rows(matrix, 4);
    expect([...rows.values]).toEqual([0, 127, -63, 1, 0, 0, 0, 0, -127, 0, 64, 64]);
    expect(rows.scales[1]).toBe(0);
    fromInt8Rows(rows).forEach((value, i) => {
      const step = rows.scales[Math.floor(i / 4)] ?? 0;
      expect(Math.abs(value - (matrix[i] ?? 0))).toBeLessThanOrEqual(0.5001 * step);
    });
  });
});

describe("a checkpoint of 8-bit rows", () => {
  const weights = tinyWeights(4);
  const content = toInt8Checkpoint(TINY_CONFIG, weights);

  it("holds every weight within 1/254 of its row's largest, and gains exactly", () => {
    const read = parseCheckpoint(content, "model.safetensors");
    for (const [name, shape] of Object.entries(llamaTensors(TINY_CONFIG))) {
      const [exact, near] = [weights.get(name) ?? [], read.get(name) ?? []];
      expect(near.length).toBe(exact.length);
      const columns = shape[1];
      if (columns === undefined) {
        expect(near).toEqual(exact);
        continue;
      }
      for (let row = 0; row < exact.length; row += columns) {
        const range = Array.from(exact.slice(row, row + columns));
        const bound = (Math.max(...range.map(Math.abs)) / 254) * 1.001;
        expect(Math.max(...range.map((value, i) => Math.abs(value - (near[row + i] ?? 0))))).toBeLessThanOrEqual(bound);
      }
    }
  });

  it("takes about a byte a weight", () => {
    const count = [...weights.values()].reduce((sum, { length }) => sum + length, 0);
    expect(content.byteLength).toBeLessThan(1.5 * count);
    expect(toFloatCheckpoint(TINY_CONFIG, weights).byteLength).toBeGreaterThan(4 * count);
  });

  it("gives floats back exactly when they were stored as floats", () => {
    expect(parseCheckpoint(toFloatCheckpoint(TINY_CONFIG, weights), "x")).toEqual(
      new Map([...weights].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it("refuses 8-bit rows without their scales", () => {
    const tensors = new Map(parseSafetensors(content, "x").tensors);
    tensors.delete("model.embed_tokens.weight_scale");
    expect(() => parseCheckpoint(toSafetensors(tensors), "x")).toThrow("259 rows of 8-bit integers and 0 scales");
  });
});
