/**
 * Models that run here: the Llama architecture, its tokenizer, its training and its voice.
 * Everything is built on `tensor/`; the ports that it fills are in `contracts/models.ts`.
 */

export {
  BASE_CONFIG,
  type LlamaConfig,
  llamaTensors,
  PROJECTIONS,
  type Projection,
  parseLlamaConfig,
} from "./llama-config.ts";
export { BatchShapeError, MissingWeightError, UnknownProjectionError } from "./llama-errors.ts";
export {
  type LoraTrainableOptions,
  openFullTrainable,
  openLoraTrainable,
  type TrainableOptions,
} from "./llama-trainable.ts";
export { createLlamaWeights, type Weights } from "./llama-weights.ts";
