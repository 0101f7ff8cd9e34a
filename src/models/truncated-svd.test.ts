import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import { rightSingularVectors, type SparseMatrix } from "./truncated-svd.ts";

function sparse(rows: readonly (readonly number[])[]): SparseMatrix {
  const entries = rows.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ column, value }])));
  const starts = new Uint32Array(rows.length + 1);
  entries.forEach((row, i) => {
    starts[i + 1] = (starts[i] ?? 0) + row.length;
  });
  return {
    rowCount: rows.length,
    columnCount: rows[0]?.length ?? 0,
    starts,
    columns: Uint32Array.from(entries.flat(), ({ column }) => column),
    values: Float32Array.from(entries.flat(), ({ value }) => value),
  };
}

describe("symmetricEigen", () => {
  it("finds the known eigenvalues of the second-difference matrix, 2 - 2 cos(pi i / (n + 1))", () => {
    const n = 40;
    const matrix = Float64Array.from({ length: n * n }, (_, at) => {
      const distance = Math.abs(Math.floor(at / n) - (at % n));
      return distance === 0 ? 2 : distance === 1 ? -1 : 0;
    });
    const { values, vectors } = symmetricEigen(matrix, n);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * (n - i)) / (n + 1)), 10);
    });
    // A v = λ v for the first of them.
    const v = vectors.subarray(0, n);
    for (let row = 0; row < n; row++) {
      const product = v.reduce((sum, each, column) => sum + each * (matrix[row * n + column] ?? 0), 0);
      expect(product).toBeCloseTo((values[0] ?? 0) * (v[row] ?? 0), 10);
    }
  });
});

describe("rightSingularVectors", () => {
  const random = createRandom(2);
  /** Rows made of three directions of clearly different strength, and noise. */
  const factors = [9, 4, 1].map((strength) => ({ strength, row: Array.from({ length: 30 }, () => random.normal()) }));
  const rows = Array.from({ length: 80 }, () => {
    const shares = factors.map(({ strength }) => strength * random.normal());
    return factors[0]?.row.map((_, i) =>
      factors.reduce((sum, { row }, f) => sum + (shares[f] ?? 0) * (row[i] ?? 0), 0.01 * random.normal()),
    ) as number[];
  });

  it("gives orthonormal directions that keep what the strongest directions hold", async () => {
    const v = await rightSingularVectors(sparse(rows), 3, 1);
    const column = (k: number): number[] => Array.from({ length: 30 }, (_, i) => v[i * 3 + k] ?? 0);
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
    for (const i of [0, 1, 2])
      for (const j of [0, 1, 2]) expect(dot(column(i), column(j))).toBeCloseTo(i === j ? 1 : 0, 5);
    const kept = rows.map((row) => [0, 1, 2].map((k) => dot(row, column(k)) ** 2).reduce((a, b) => a + b));
    const all = rows.map((row) => dot(row, row));
    const lost = 1 - kept.reduce((a, b) => a + b) / all.reduce((a, b) => a + b);
    expect(lost).toBeLessThan(1e-4);
  });

  it("leaves directions that do not exist at zero, and is deterministic", async () => {
    const matrix = sparse([
      [1, 0, 2],
      [2, 0, 4],
    ]);
    const v = await rightSingularVectors(matrix, 4, 1);
    expect(v.length).toBe(12);
    expect(Math.abs(v[0] ?? 0)).toBeCloseTo(1 / Math.sqrt(5), 6);
    expect([v[1], v[2], v[3]]).toEqual([0, 0, 0]);
    expect(await rightSingularVectors(matrix, 4, 1)).toEqual(v);
    expect(await rightSingularVectors(sparse([]), 4, 1)).toEqual(new Float32Array());
  });
});
