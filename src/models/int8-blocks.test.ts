import { expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { BLOCK, blocksOf, toInt8Blocks } from "./int8-blocks.ts";

it("gives numbers back within half a step of their block, and fills a row's last block with zeros", () => {
  const random = createRandom(1);
  const [rows, columns] = [3, 40];
  const matrix = Float32Array.from({ length: rows * columns }, () => random.normal());
  matrix.fill(0, columns, columns + BLOCK);
  const { values, scales } = toInt8Blocks(matrix, columns);
  expect(blocksOf(columns)).toBe(2);
  expect([values.length, scales.length]).toEqual([rows * 2 * BLOCK, rows * 2]);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < 2 * BLOCK; column++) {
      const scale = scales[2 * row + Math.floor(column / BLOCK)] ?? Number.NaN;
      const value = ((values[row * 2 * BLOCK + column] ?? Number.NaN) - 128) * scale;
      const expected = column < columns ? (matrix[row * columns + column] ?? Number.NaN) : 0;
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(scale / 2 + 1e-7);
    }
  }
});
