/** Fresh weights for a Llama model and for LoRA matrices, from a seed. */

import { createRandom } from "../core/random.ts";
import type { LlamaConfig } from "./llama-config.ts";
import { llamaTensors } from "./llama-config.ts";
import { MissingWeightError, WeightNotFiniteError } from "./llama-errors.ts";

/** Tensors by their Hugging Face names, row-major float32: a map, or a checkpoint that reads what it is asked for. */
export interface Weights {
  get(name: string): Float32Array | undefined;
  /**
   * As `get`, for a reader that soon lets go of it: in memory that threads do not share, which is collected at once.
   * Absent where `get` makes nothing.
   */
  read?(name: string): Float32Array | undefined;
}

/**
 * The weight of this name.
 *
 * @throws {MissingWeightError} when it is absent or of another size than `shape`
 */
export function weightOf(weights: Weights, name: string, shape: readonly number[]): Float32Array {
  return fitting(weights.get(name), name, shape);
}

/** The weight of this name for a reader that soon lets go of it. @throws {MissingWeightError} as `weightOf` */
export function readWeightOf(weights: Weights, name: string, shape: readonly number[]): Float32Array {
  return fitting(weights.read ? weights.read(name) : weights.get(name), name, shape);
}

function fitting(data: Float32Array | undefined, name: string, shape: readonly number[]): Float32Array {
  if (data?.length !== shape.reduce((product, length) => product * length, 1)) {
    throw new MissingWeightError(name, shape, data?.length);
  }
  return data;
}

/**
 * Looks at every number of a weight.
 *
 * @throws {WeightNotFiniteError} (`weight-not-finite`) for the first that is NaN or infinite
 */
export function assertFinite(values: Float32Array, tensor: string, fileName: string): void {
  let zero = 0; // A product of zero and what is not finite is NaN, and stays so in a sum.
  for (let i = 0; i < values.length; i++) zero += 0 * (values[i] as number); // within the array
  if (zero === 0) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  throw new WeightNotFiniteError({ tensor, fileName, index, value: values[index] ?? Number.NaN });
}

/**
 * Weights to start pretraining from: matrices normal with deviation 0.02, those that write to the residual stream
 * smaller by sqrt(2 layers), gains 1, biases 0.
 *
 * @source Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), §2.3
 */
export function createLlamaWeights(config: LlamaConfig, seed: number): ReadonlyMap<string, Float32Array> {
  const random = createRandom(seed);
  const entries = Object.entries(llamaTensors(config)).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const residual = name.includes("o_proj") || name.includes("down_proj");
    const deviation = residual ? 0.02 / Math.sqrt(2 * config.num_hidden_layers) : 0.02;
    const draw = shape.length === 1 ? () => (name.endsWith(".bias") ? 0 : 1) : () => deviation * random.normal();
    return [name, Float32Array.from({ length: size }, draw)] as const;
  });
  return new Map(entries);
}

/**
 * A LoRA A matrix, uniform in ±1 / sqrt(in): Kaiming-uniform with a = sqrt(5), as PEFT initialises it.
 *
 * @source He et al., "Delving Deep into Rectifiers" (2015); `reset_lora_parameters` in PEFT's lora/layer.py
 */
export function fillLoraA(matrix: Float32Array, inFeatures: number, next: () => number): void {
  const bound = 1 / Math.sqrt(inFeatures);
  for (let i = 0; i < matrix.length; i++) matrix[i] = bound * (2 * next() - 1);
}
