/**
 * Llama's forward pass as a graph, from token ids to the loss. It does not know what is trained: it is handed a way to
 * get a weight and a way to apply a projection, and gradients follow from what those return.
 */

import {
  attention,
  crossEntropy,
  embedding,
  type Graph,
  type GraphTensor,
  linear,
  mergeHeads,
  residual,
  rmsNorm,
  rope,
  splitHeads,
  swiglu,
} from "../tensor/index.ts";
import { headSize, type LlamaConfig, type Projection, projectionModule } from "./llama-config.ts";

/** Where the forward pass gets its parts. */
export interface LlamaParts {
  /** The weight of this name, as `llamaTensors` lists them. */
  weight(name: string): GraphTensor;
  /** x [N, in] through a projection: [N, out]. */
  project(x: GraphTensor, layer: number, projection: Projection): GraphTensor;
}

/** The inputs of one batch, B sequences of T tokens. */
export interface LlamaInputs {
  /** [B T], int32. */
  readonly ids: GraphTensor;
  /** [B T], int32. */
  readonly targets: GraphTensor;
  /** [B T, 1]. */
  readonly weights: GraphTensor;
  /** [B, 1, 1, T, T], as `packedMask` fills it. */
  readonly mask: GraphTensor;
}

/** Declares the inputs `ids`, `targets`, `weights` and `mask`. */
export function llamaInputs(graph: Graph, batch: number, time: number): LlamaInputs {
  return {
    ids: graph.input("ids", [batch * time], "int32"),
    targets: graph.input("targets", [batch * time], "int32"),
    weights: graph.input("weights", [batch * time, 1]),
    mask: graph.input("mask", [batch, 1, 1, time, time]),
  };
}

/** Projections by the weights alone. */
export function plainParts(graph: Graph, weight: LlamaParts["weight"]): LlamaParts {
  return {
    weight,
    project: (x, layer, projection) => linear(graph, x, weight(`${projectionModule(layer, projection)}.weight`)),
  };
}

/** The loss of a batch: the sum of weight x negative log-likelihood, in nats. */
export function llamaLoss(graph: Graph, config: LlamaConfig, inputs: LlamaInputs, parts: LlamaParts): GraphTensor {
  const table = parts.weight("model.embed_tokens.weight");
  let x = embedding(graph, table, inputs.ids);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = residual(graph, x, selfAttention(graph, config, inputs.mask, parts, { x, layer }));
    x = residual(graph, x, feedForward(graph, config, parts, { x, layer }));
  }
  const hidden = rmsNorm(graph, x, parts.weight("model.norm.weight"), config.rms_norm_eps);
  const head = config.tie_word_embeddings ? table : parts.weight("lm_head.weight");
  return crossEntropy(graph, { x: hidden, table: head, targets: inputs.targets, weights: inputs.weights });
}

interface LayerInput {
  readonly x: GraphTensor;
  readonly layer: number;
}

function selfAttention(
  graph: Graph,
  config: LlamaConfig,
  mask: GraphTensor,
  parts: LlamaParts,
  { x, layer }: LayerInput,
): GraphTensor {
  const gain = parts.weight(`model.layers.${layer}.input_layernorm.weight`);
  const normalised = rmsNorm(graph, x, gain, config.rms_norm_eps);
  const heads = (projection: Projection): GraphTensor =>
    splitHeads(graph, parts.project(normalised, layer, projection), mask.shape[0] ?? 0, headSize(config));
  const q = rope(graph, heads("q_proj"), config.rope_theta);
  const k = rope(graph, heads("k_proj"), config.rope_theta);
  const mixed = attention(graph, { q, k, v: heads("v_proj"), mask });
  return parts.project(mergeHeads(graph, mixed), layer, "o_proj");
}

function feedForward(graph: Graph, config: LlamaConfig, parts: LlamaParts, { x, layer }: LayerInput): GraphTensor {
  const gain = parts.weight(`model.layers.${layer}.post_attention_layernorm.weight`);
  const normalised = rmsNorm(graph, x, gain, config.rms_norm_eps);
  const gate = parts.project(normalised, layer, "gate_proj");
  const up = parts.project(normalised, layer, "up_proj");
  return parts.project(swiglu(graph, gate, up), layer, "down_proj");
}

const HIDDEN = -1e9;

/**
 * Fills `mask` [B, T, T] for rows that may hold several documents: a token sees itself and what is before it, back to
 * the last bos token. Positions need no restart, because rotary attention depends on distances only.
 */
export function packedMask(mask: Float32Array, ids: Int32Array, time: number, bosId: number): void {
  let start = 0;
  for (let row = 0; row < ids.length; row++) {
    const column = row % time;
    if (column === 0) start = 0;
    if (ids[row] === bosId) start = column;
    mask.fill(HIDDEN, row * time, (row + 1) * time);
    mask.fill(0, row * time + start, row * time + column + 1);
  }
}
