/**
 * Matrices as 8-bit integers with one scale a row: a quarter of the bytes, and each number within half a step
 * of what it was, where a row's step is its largest magnitude / 127.
 */

export interface Int8Rows {
  /** [rows, columns]. */
  readonly values: Int8Array;
  /** [rows]. */
  readonly scales: Float32Array;
}

/** Rounds a matrix [rows, columns] to integers in -127 … 127, symmetric about zero. */
export function toInt8Rows(matrix: Float32Array, columns: number): Int8Rows {
  const rows = matrix.length / columns;
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [start, end] = [row * columns, (row + 1) * columns];
    let largest = 0;
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(matrix[i] ?? 0));
    const scale = Math.fround(largest / 127);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let i = start; i < end; i++) values[i] = Math.round((matrix[i] ?? 0) / scale);
  }
  return { values, scales };
}

/** The matrix again, as near as it was stored. */
export function fromInt8Rows({ values, scales }: Int8Rows): Float32Array {
  const columns = values.length / scales.length;
  const matrix = new Float32Array(values);
  scales.forEach((scale, row) => {
    for (let i = row * columns; i < (row + 1) * columns; i++) matrix[i] = (matrix[i] as number) * scale; // within the row
  });
  return matrix;
}
