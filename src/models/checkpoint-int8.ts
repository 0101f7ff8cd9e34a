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
import { type Weights, weightOf } from "./llama-weights.ts";
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
 */
export function parseCheckpoint(content: Uint8Array, fileName: string): ReadonlyMap<string, Float32Array> {
  const { tensors } = parseSafetensors(content, fileName);
  const weights = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    if (name.endsWith("_scale")) continue;
    weights.set(name, tensor.dtype === "I8" ? widen(name, tensor, { tensors, fileName }) : toFloats(tensor));
  }
  return weights;
}

function widen(
  name: string,
  { shape, bytes }: StoredTensor,
  { tensors, fileName }: { tensors: ReadonlyMap<string, StoredTensor>; fileName: string },
): Float32Array {
  const scale = tensors.get(`${name}_scale`);
  const scales = scale ? toFloats(scale) : new Float32Array();
  if (scales.length !== shape[0]) {
    throw new SafetensorsError(fileName, `${name} has ${shape[0]} rows of 8-bit integers and ${scales.length} scales`);
  }
  return fromInt8Rows({ values: new Int8Array(new Uint8Array(bytes).buffer), scales });
}
