/**
 * A model's frozen projections in 8-bit integers: each twice, rounded by output features for the way forwards and by
 * input features for the way back, which is half of the bytes of the 32-bit floats that they take the place of.
 */

import type { Graph, Int8Factor, Int8Matrix, TensorArray } from "../tensor/index.ts";
import { toInt8Rows } from "./int8-rows.ts";

/** Declares the inputs of a weight [out, in] and gives the matrix that they are. */
export function int8Frozen(graph: Graph, name: string, shape: readonly [number, number]): Int8Matrix {
  const [out, into] = shape;
  const factor = (way: string, rows: number, columns: number): Int8Factor => ({
    values: graph.input(`${name} ${way}`, [rows, columns], "int8"),
    scales: graph.input(`${name} ${way} scales`, [columns]),
  });
  return { name, shape, forwards: factor("forwards", into, out), backwards: factor("backwards", out, into) };
}

/** The arrays of those inputs, on memory that sessions share. */
export function int8FrozenInputs(
  name: string,
  weight: Float32Array,
  [out = 0, into = 0]: readonly number[],
): (readonly [string, TensorArray])[] {
  const transposed = transpose(weight, out, into);
  return [...factorInputs(`${name} forwards`, weight, into), ...factorInputs(`${name} backwards`, transposed, out)];
}

/** Rounds rows [columns of the factor, its rows], and lays them out as columns. */
function factorInputs(name: string, rows: Float32Array, width: number): (readonly [string, TensorArray])[] {
  const { values, scales } = toInt8Rows(rows, width);
  const laidOut = new Int8Array(new SharedArrayBuffer(values.length));
  const sharedScales = new Float32Array(new SharedArrayBuffer(scales.byteLength));
  transposeInto(laidOut, values, width);
  sharedScales.set(scales);
  return [
    [name, laidOut],
    [`${name} scales`, sharedScales],
  ];
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(rows * columns);
  transposeInto(result, matrix, columns);
  return result;
}

function transposeInto<T extends Float32Array | Int8Array>(result: T, matrix: T, columns: number): void {
  const rows = matrix.length / columns;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column] as number; // within the matrix
    }
  }
}
