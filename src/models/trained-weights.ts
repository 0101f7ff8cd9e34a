/**
 * A base's weights with what was trained in their place: an adapter merged into them, or a whole model's checkpoint.
 * Everything that the files can be wrong in is found here, before a weight of the base is read.
 */

import { parseCheckpoint } from "./checkpoint-int8.ts";
import { type Weights, weightOf } from "./llama-weights.ts";
import { checkAdapter, type LoraAdapter, mergeAdapter, parseAdapter } from "./lora-adapter.ts";

/** The weights of a whole model, in a folder and among the files of one that was trained. */
export const CHECKPOINT_FILE = "model.safetensors";

type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * The weights that the files of a training stand for.
 *
 * @param base  opened only where an adapter is merged into it
 * @throws {SafetensorsError} (`safetensors-invalid`) for a damaged file
 * @throws {MissingWeightError} (`llama-weight-missing`) for a whole model of another shape
 * @throws {AdapterError} (`adapter-invalid`) for an adapter of a model of another shape
 * @throws {WeightNotFiniteError} (`weight-not-finite`) where a number is none
 */
export async function trainedWeights(
  trained: ReadonlyMap<string, Uint8Array>,
  shapes: Shapes,
  base: () => Weights | Promise<Weights>,
): Promise<Weights> {
  const whole = trained.get(CHECKPOINT_FILE);
  if (!whole) return mergeAdapter(await base(), fittingAdapter(trained, shapes));
  const weights = parseCheckpoint(whole, CHECKPOINT_FILE);
  for (const [name, shape] of Object.entries(shapes)) weightOf(weights, name, shape);
  return weights;
}

/** The adapter of these files. @throws {AdapterError} (`adapter-invalid`) when it is of a model of another shape */
export function fittingAdapter(trained: ReadonlyMap<string, Uint8Array>, shapes: Shapes): LoraAdapter {
  const adapter = parseAdapter(trained);
  checkAdapter(adapter, shapes);
  return adapter;
}
