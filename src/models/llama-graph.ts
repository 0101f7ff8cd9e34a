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
  logProbabilities,
  mergeHeads,
  residual,
  rmsNorm,
  rope,
  ropeFrequencies,
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
  /** [B, 1, 1, T, T], as `fillMask` fills it. */
  readonly mask: GraphTensor;
}

/** Declares the inputs `ids`, `targets` and `mask`. */
export function llamaInputs(graph: Graph, batch: number, time: number): LlamaInputs {
  return {
    ids: graph.input("ids", [batch * time], "int32"),
    targets: graph.input("targets", [batch * time], "int32"),
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

/** The log-probability of each target, [B T, 1], in nats. */
export function llamaLogProbabilities(
  graph: Graph,
  config: LlamaConfig,
  inputs: LlamaInputs,
  parts: LlamaParts,
): GraphTensor {
  return logProbabilities(graph, headInputs(graph, config, inputs, parts));
}

/** The loss of a batch: the sum of weight x negative log-likelihood, in nats. Declares the input `weights` [B T, 1]. */
export function llamaLoss(graph: Graph, config: LlamaConfig, inputs: LlamaInputs, parts: LlamaParts): GraphTensor {
  const weights = graph.input("weights", [...inputs.targets.shape, 1]);
  return crossEntropy(graph, { ...headInputs(graph, config, inputs, parts), weights });
}

function headInputs(graph: Graph, config: LlamaConfig, { ids, targets, mask }: LlamaInputs, parts: LlamaParts) {
  const x = llamaHidden(graph, config, ids, parts, packedAttention(graph, config, mask));
  return { x, table: headTable(config, parts), targets };
}

/** One layer's queries [N, H D], keys and values [N, K D] before rotation, to what the tokens make of each other [N, H D]. */
export type Attend = (projected: Readonly<Record<"q" | "k" | "v", GraphTensor>>, layer: number) => GraphTensor;

/** The normalised hidden states [N, D] of tokens `ids` [N], which the head reads. */
export function llamaHidden(
  graph: Graph,
  config: LlamaConfig,
  ids: GraphTensor,
  parts: LlamaParts,
  attend: Attend,
): GraphTensor {
  let x = embedding(graph, parts.weight("model.embed_tokens.weight"), ids);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = residual(graph, x, selfAttention(graph, config, parts, attend, { x, layer }));
    x = residual(graph, x, feedForward(graph, config, parts, { x, layer }));
  }
  return rmsNorm(graph, x, parts.weight("model.norm.weight"), config.rms_norm_eps);
}

/** The head's weights [V, D]. */
export function headTable(config: LlamaConfig, parts: LlamaParts): GraphTensor {
  return parts.weight(config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
}

/** Attention within the rows of a batch, as `mask` [B, 1, 1, T, T] allows it. */
export function packedAttention(graph: Graph, config: LlamaConfig, mask: GraphTensor): Attend {
  const heads = (x: GraphTensor): GraphTensor => splitHeads(graph, x, mask.shape[0] ?? 0, headSize(config));
  const frequencies = ropeFrequencies(headSize(config), config.rope_theta);
  return ({ q, k, v }) => {
    const [rotatedQ, rotatedK] = [q, k].map((x) => rope(graph, heads(x), frequencies)) as [GraphTensor, GraphTensor]; // one each
    return mergeHeads(graph, attention(graph, { q: rotatedQ, k: rotatedK, v: heads(v), mask }));
  };
}

interface LayerInput {
  readonly x: GraphTensor;
  readonly layer: number;
}

function selfAttention(
  graph: Graph,
  config: LlamaConfig,
  parts: LlamaParts,
  attend: Attend,
  { x, layer }: LayerInput,
): GraphTensor {
  const gain = parts.weight(`model.layers.${layer}.input_layernorm.weight`);
  const normalised = rmsNorm(graph, x, gain, config.rms_norm_eps);
  const project = (projection: Projection): GraphTensor => parts.project(normalised, layer, projection);
  const mixed = attend({ q: project("q_proj"), k: project("k_proj"), v: project("v_proj") }, layer);
  return parts.project(mixed, layer, "o_proj");
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
 * Fills `mask` [B, T, T] for rows that may hold several sequences: a token sees itself and what is before it, back to
 * its position 0. Rotation needs no restart there, because rotary attention depends on distances only.
 */
export function fillMask(mask: Float32Array, positions: Int32Array, time: number): void {
  for (let row = 0; row < positions.length; row++) {
    const column = row % time;
    const start = Math.max(0, column - (positions[row] ?? 0));
    mask.fill(HIDDEN, row * time, (row + 1) * time);
    mask.fill(0, row * time + start, row * time + column + 1);
  }
}
