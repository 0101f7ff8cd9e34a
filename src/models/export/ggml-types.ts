/**
 * Floats as GGML stores them.
 *
 * @source ggml-org/llama.cpp gguf-py/gguf/quants.py, `Q8_0`
 */

import { GGML_TYPES, type GgmlType } from "./gguf-format.ts";

/** The elements in the given type; for q8_0 their number is a multiple of 32. */
export function toGgml(values: Float32Array, type: GgmlType): Uint8Array {
  switch (type) {
    case "f32":
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case "f16":
      return new Uint8Array(Float16Array.from(values).buffer);
    case "q8_0":
      return toQ8(values);
  }
}

/** Blocks of 32: a 16-bit scale, the largest magnitude / 127, and 32 integers rounded away from zero at halves. */
function toQ8(values: Float32Array): Uint8Array {
  const { blockElements: size, blockBytes } = GGML_TYPES.q8_0;
  const bytes = new Uint8Array((values.length / size) * blockBytes);
  const view = new DataView(bytes.buffer);
  for (let start = 0, at = 0; start < values.length; start += size, at += blockBytes) {
    let largest = 0;
    for (let i = start; i < start + size; i++) largest = Math.max(largest, Math.abs(values[i] as number)); // within values
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    view.setFloat16(at, scale, true);
    for (let i = 0; i < size; i++) {
      const scaled = Math.fround((values[start + i] as number) * inverse); // within values
      view.setInt8(at + 2 + i, Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5));
    }
  }
  return bytes;
}
