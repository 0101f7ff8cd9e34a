/**
 * The strongest right singular vectors of a sparse matrix, by randomised subspace iteration: a random block is
 * multiplied by A Aᵀ a few times, and a small dense eigenproblem finds the singular directions inside its span.
 * Letters: N rows, M columns of A; K directions wanted; B = K + a few, the width of the block.
 *
 * @source Halko, Martinsson and Tropp 2011, "Finding Structure with Randomness", algorithms 4.4 and 5.1
 */

import { createRandom } from "../core/random.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** A sparse matrix by rows: row i has the entries `starts[i]` … `starts[i + 1]` of `columns` and `values`. */
export interface SparseMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

const OVERSAMPLING = 16;
const ITERATIONS = 4;

/**
 * The K strongest right singular vectors as a matrix [M, K], row-major: a row of A times it gives that row's
 * coordinates. Where A has fewer than K directions, the last columns are zero. Deterministic for a seed.
 * Yields to the event loop between products.
 */
export async function rightSingularVectors(a: SparseMatrix, k: number, seed: number): Promise<Float32Array> {
  const width = Math.min(k + OVERSAMPLING, a.rowCount, a.columnCount);
  const random = createRandom(seed);
  let rows = Float64Array.from({ length: a.rowCount * width }, () => random.normal());
  orthonormalise(rows, a.rowCount, width);
  for (let i = 0; i < ITERATIONS; i++) {
    await new Promise(setImmediate);
    rows = timesMatrix(a, timesTransposed(a, rows, width), width);
    orthonormalise(rows, a.rowCount, width);
  }
  // Again, because one pass of Gram-Schmidt loses orthogonality where columns are nearly parallel.
  orthonormalise(rows, a.rowCount, width);
  await new Promise(setImmediate);
  // Now A ≈ Q Qᵀ A. With S = Qᵀ A Aᵀ Q = E Λ Eᵀ, the right singular vectors are Aᵀ Q E Λ^(-1/2).
  const image = timesMatrix(a, timesTransposed(a, rows, width), width);
  const { values, vectors } = symmetricEigen(innerProducts(rows, image, a.rowCount, width), width);
  const kept = Math.min(k, values.filter((value) => value > 1e-9 * (values[0] ?? 0)).length);
  const scaled = new Float64Array(width * k);
  for (let i = 0; i < kept; i++) {
    const factor = 1 / Math.sqrt(values[i] as number); // kept values are positive
    for (let b = 0; b < width; b++) scaled[b * k + i] = (vectors[i * width + b] as number) * factor;
  }
  return Float32Array.from(timesTransposed(a, timesDense(rows, scaled, { rowCount: a.rowCount, width, k }), k));
}

/** A X: [N, B] for X [M, B]. */
function timesMatrix(a: SparseMatrix, x: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const product = new Float64Array(a.rowCount * width);
  for (let row = 0; row < a.rowCount; row++) {
    const to = row * width;
    for (let entry = a.starts[row] as number; entry < (a.starts[row + 1] as number); entry++) {
      const from = (a.columns[entry] as number) * width; // entry is within its row
      const value = a.values[entry] as number;
      for (let b = 0; b < width; b++) product[to + b] = (product[to + b] as number) + value * (x[from + b] as number);
    }
  }
  return product;
}

/** Aᵀ X: [M, B] for X [N, B]. */
function timesTransposed(a: SparseMatrix, x: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const product = new Float64Array(a.columnCount * width);
  for (let row = 0; row < a.rowCount; row++) {
    const from = row * width;
    for (let entry = a.starts[row] as number; entry < (a.starts[row + 1] as number); entry++) {
      const to = (a.columns[entry] as number) * width; // entry is within its row
      const value = a.values[entry] as number;
      for (let b = 0; b < width; b++) product[to + b] = (product[to + b] as number) + value * (x[from + b] as number);
    }
  }
  return product;
}

/** Makes the columns of X [N, B] orthonormal in place; columns that depend on earlier ones become zero. */
function orthonormalise(x: Float64Array, rowCount: number, width: number): void {
  // Columns are made rows first, so that every inner loop reads memory in order.
  const transposed = transpose(x, rowCount, width);
  const columns = Array.from({ length: width }, (_, b) => transposed.subarray(b * rowCount, (b + 1) * rowCount));
  columns.forEach((column, b) => {
    const before = Math.sqrt(dot(column, column));
    for (let other = 0; other < b; other++) subtractMultiple(column, columns[other] ?? column);
    const length = Math.sqrt(dot(column, column));
    const factor = length > 1e-12 * before ? 1 / length : 0;
    for (let i = 0; i < rowCount; i++) column[i] = (column[i] as number) * factor;
  });
  x.set(transpose(transposed, width, rowCount));
}

/** [columns, rows] from [rows, columns]. */
function transpose(x: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(x.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = x[row * columns + column] as number;
    }
  }
  return result;
}

/** x - (x · unit) unit, in place. */
function subtractMultiple(x: Float64Array, unit: Float64Array): void {
  const factor = dot(x, unit);
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - factor * (unit[i] as number);
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}

/** Xᵀ Y: [B, B] for X and Y [N, B], which is symmetric here. */
function innerProducts(x: Float64Array, y: Float64Array, rowCount: number, width: number): Float64Array {
  const [xColumns, yColumns] = [transpose(x, rowCount, width), transpose(y, rowCount, width)];
  const product = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = i; j < width; j++) {
      const value = dot(
        xColumns.subarray(i * rowCount, (i + 1) * rowCount),
        yColumns.subarray(j * rowCount, (j + 1) * rowCount),
      );
      product[i * width + j] = value;
      product[j * width + i] = value;
    }
  }
  return product;
}

/** X Y: [N, K] for X [N, B] and Y [B, K]. */
function timesDense(
  x: Float64Array,
  y: Float64Array,
  { rowCount, width, k }: { rowCount: number; width: number; k: number },
): Float64Array {
  const product = new Float64Array(rowCount * k);
  for (let row = 0; row < rowCount; row++) {
    for (let b = 0; b < width; b++) {
      const value = x[row * width + b] as number;
      for (let i = 0; i < k; i++) {
        product[row * k + i] = (product[row * k + i] as number) + value * (y[b * k + i] as number);
      }
    }
  }
  return product;
}
