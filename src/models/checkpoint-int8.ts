/**
 * A model's weights in one safetensors file: as floats, or small for shipping, with 8-bit matrices and one scale a row.
 * A matrix `x.weight` stored as I8 [out, in] has its scales beside it as `x.weight_scale`, F32 [out, 1].
 *
 * @source the names are those of vllm-project/compressed-tensors, channel-wise int8
 */

import { SafetensorsError } from "./errors.ts";
import { fromInt8Rows, toInt8Rows } from "./int8-rows.ts";
import type { LlamaConfig } from "./llama-config.ts";
import { llamaTensors } from "./llama-config.ts";
import { assertFinite, type Weights, weightOf } from "./llama-weights.ts";
import { fromFloats, parseSafetensors, type StoredTensor, toFloats, toSafetensors } from "./safetensors.ts";

/** The content of a file with 8-bit matrices; gains stay 32-bit floats. */
export function toInt8Checkpoint(config: LlamaConfig, weights: Weights): Uint8Array {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shape] of Object.entries(llamaTensors(config))) {
    const weight = weightOf(weights, name, shape);
    const [rows = 0, columns] = shape;
    if (columns === undefined) {
      tensors.set(name, fromFloats(weight, shape));
      continue;
    }
    const { values, scales } = toInt8Rows(weight, columns);
    tensors.set(name, { dtype: "I8", shape, bytes: new Uint8Array(values.buffer) });
    tensors.set(`${name}_scale`, fromFloats(scales, [rows, 1]));
  }
  return toSafetensors(tensors, { format: "pt" });
}

/** The content of a file with every weight as 32-bit floats. */
export function toFloatCheckpoint(config: LlamaConfig, weights: Weights): Uint8Array {
  const tensors = Object.entries(llamaTensors(config)).map(
    ([name, shape]) => [name, fromFloats(weightOf(weights, name, shape), shape)] as const,
  );
  return toSafetensors(new Map(tensors), { format: "pt" });
}

/**
 * Reads either kind of file into 32-bit floats.
 *
 * @throws {SafetensorsError} (`safetensors-invalid`) for a damaged file or an 8-bit matrix without its scales
 * @throws {WeightNotFiniteError} (`weight-not-finite`) where a number is none
 */
export function parseCheckpoint(content: Uint8Array, fileName: string): ReadonlyMap<string, Float32Array> {
  const { tensors } = parseSafetensors(content, fileName);
  const weights = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    if (name.endsWith("_scale")) continue;
    const scales = tensors.get(`${name}_scale`);
    const values = tensor.dtype === "I8" ? fromInt8Tensor(name, { tensor, scales, fileName }) : toFloats(tensor);
    assertFinite(values, name, fileName);
    weights.set(name, values);
  }
  return weights;
}

/** An 8-bit matrix, its scales, and the file that they are in. */
interface Int8Tensor<T> {
  readonly tensor: T;
  readonly scales: T | undefined;
  readonly fileName: string;
}

/** An 8-bit matrix as floats. @throws {SafetensorsError} (`safetensors-invalid`) when it has not one scale a row */
export function fromInt8Tensor(name: string, stored: Int8Tensor<StoredTensor>): Float32Array {
  assertScaled(name, stored);
  const { tensor, scales } = stored;
  const values = new Int8Array(new Uint8Array(tensor.bytes).buffer);
  return fromInt8Rows({ values, scales: scales ? toFloats(scales) : new Float32Array() });
}

/** @throws {SafetensorsError} (`safetensors-invalid`) when an 8-bit matrix has not one scale a row */
export function assertScaled(
  name: string,
  { tensor, scales, fileName }: Int8Tensor<Pick<StoredTensor, "shape">>,
): void {
  const [rows] = tensor.shape;
  const count = scales?.shape.reduce((product, length) => product * length, 1) ?? 0;
  if (count === rows) return;
  throw new SafetensorsError(fileName, `${name} has ${rows} rows of 8-bit integers and ${count} scales`);
}
