/**
 * Matrices as 8-bit integers with one scale for every 32 numbers of a row, laid out as ONNX Runtime's `MatMulNBits` and
 * `GatherBlockQuantized` read them: unsigned, 128 stands for zero. A row's last block is filled up with zeros.
 *
 * @source microsoft/onnxruntime docs/ContribOperators.md, `com.microsoft.MatMulNBits`
 */

/** Numbers that share a scale. */
export const BLOCK = 32;
const ZERO = 128;

export interface Int8Blocks {
  /** [rows, blocks, 32]. */
  readonly values: Uint8Array;
  /** [rows, blocks]. */
  readonly scales: Float32Array;
}

/** Blocks of a row of so many columns. */
export function blocksOf(columns: number): number {
  return Math.ceil(columns / BLOCK);
}

/** Rounds a matrix [rows, columns]; each number moves by at most half a step of its block, its largest magnitude / 127. */
export function toInt8Blocks(matrix: Float32Array, columns: number): Int8Blocks {
  const rows = matrix.length / columns;
  const blocks = blocksOf(columns);
  const values = new Uint8Array(rows * blocks * BLOCK).fill(ZERO);
  const scales = new Float32Array(rows * blocks);
  for (let block = 0; block < scales.length; block++) {
    const start = Math.floor(block / blocks) * columns + (block % blocks) * BLOCK;
    const length = Math.min(BLOCK, columns - (block % blocks) * BLOCK);
    let largest = 0;
    for (let i = start; i < start + length; i++) largest = Math.max(largest, Math.abs(matrix[i] as number)); // within the matrix
    const scale = Math.fround(largest / 127);
    scales[block] = scale;
    if (scale === 0) continue;
    for (let i = 0; i < length; i++) {
      values[block * BLOCK + i] = ZERO + Math.round((matrix[start + i] as number) / scale); // within the matrix
    }
  }
  return { values, scales };
}
