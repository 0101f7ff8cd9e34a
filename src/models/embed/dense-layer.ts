/**
 * A Dense module of sentence-transformers: what some encoders put behind the pooling, a matrix, a bias and a
 * function for each number.
 */

import { z } from "zod";
import { type ContentHash, hashBytes } from "../../core/hash.ts";
import { parseSafetensors, toFloats } from "../safetensors.ts";

/** One layer, ready to be applied. */
export interface DenseLayer {
  /** [outputs, inputs]. */
  readonly weight: Float32Array;
  /** [outputs]; zeros where the module has none. */
  readonly bias: Float32Array;
  readonly activation: keyof typeof ACTIVATIONS;
  /** Whether its input is scaled to unit length first. */
  readonly normalizesFirst: boolean;
  /** Of its file. */
  readonly hash: ContentHash;
}

/** By the last part of the name that PyTorch gives them. */
const ACTIVATIONS = {
  Identity: (x: number) => x,
  Tanh: Math.tanh,
  ReLU: (x: number) => Math.max(0, x),
  Sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
} as const;

/** What the module's `config.json` says. */
export const DenseConfig = z.looseObject({
  activation_function: z
    .string()
    .default("torch.nn.modules.activation.Tanh")
    .transform((name) => name.split(".").at(-1))
    .pipe(z.enum(["Identity", "Tanh", "ReLU", "Sigmoid"])),
});

/**
 * Reads a layer.
 *
 * @throws {SafetensorsError} (`safetensors-invalid`) for a damaged file
 * @returns undefined where the file has no matrix `linear.weight`
 */
export function parseDenseLayer(
  file: Uint8Array,
  config: z.output<typeof DenseConfig>,
  { path, normalizesFirst }: { readonly path: string; readonly normalizesFirst: boolean },
): DenseLayer | undefined {
  const { tensors } = parseSafetensors(file, path);
  const [weight, bias] = [tensors.get("linear.weight"), tensors.get("linear.bias")];
  const [outputs = 0] = weight?.shape ?? [];
  if (weight === undefined || weight.shape.length !== 2) return undefined;
  return {
    weight: toFloats(weight),
    bias: bias === undefined ? new Float32Array(outputs) : toFloats(bias),
    activation: config.activation_function,
    normalizesFirst,
    hash: hashBytes(file),
  };
}

/** The layer's output for a vector [inputs]. */
export function applyDense(vector: Float32Array, { weight, bias, activation }: DenseLayer): Float32Array {
  const apply = ACTIVATIONS[activation];
  return bias.map((start, row) => {
    let sum = start;
    for (let i = 0; i < vector.length; i++) sum += (weight[row * vector.length + i] as number) * (vector[i] as number);
    return apply(sum);
  });
}
