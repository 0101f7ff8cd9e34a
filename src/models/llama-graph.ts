/**
 * Llama's forward pass as a graph, from token ids to the loss. It does not know what is trained: it is handed a way to
 * get a weight and a way to apply a projection, and gradients follow from what those return.
 */

import {
  addBias,
  attention,
  checkpoint,
  crossEntropy,
  embedding,
  type Graph,
  type GraphTensor,
  linear,
  logProbabilities,
  mergeHeads,
  primitives,
  residual,
  rmsNorm,
  rope,
  splitHeads,
  swiglu,
} from "../tensor/index.ts";
import { maskInputs } from "./attention-masks.ts";
import {
  hasBias,
  hasQueryKeyNorm,
  headSize,
  type LlamaConfig,
  type Projection,
  projectionModule,
} from "./llama-config.ts";
import { ropeFrequencies } from "./rope-frequencies.ts";

/** Where the forward pass gets its parts. */
export interface LlamaParts {
  /** The weight of this name, as `llamaTensors` lists them. */
  weight(name: string): GraphTensor;
  /** x [N, in] through a projection: [N, out]. */
  project(x: GraphTensor, layer: number, projection: Projection): GraphTensor;
  /** The embeddings [N, D] of ids [N], where they are held in another way than as the table of floats. */
  embed?(ids: GraphTensor): GraphTensor;
  /** Whether a layer keeps only its input for the way back, and is computed again there. Default false. */
  readonly checkpointing?: boolean;
}

/** The inputs of one batch, B sequences of T tokens. */
export interface LlamaInputs {
  /** [B T], int32. */
  readonly ids: GraphTensor;
  /** [B T], int32. */
  readonly targets: GraphTensor;
  /** Of each layer, [B, 1, 1, T, T], as `fillMasks` fills it. */
  maskOf(layer: number): GraphTensor;
}

/** Declares the inputs `ids`, `targets` and the masks. */
export function llamaInputs(
  graph: Graph,
  config: LlamaConfig,
  { batch, time }: { readonly batch: number; readonly time: number },
): LlamaInputs {
  return {
    ids: graph.input("ids", [batch * time], "int32"),
    targets: graph.input("targets", [batch * time], "int32"),
    maskOf: maskInputs(graph, config, { batch, time }),
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

function headInputs(graph: Graph, config: LlamaConfig, { ids, targets, maskOf }: LlamaInputs, parts: LlamaParts) {
  const x = llamaHidden(graph, config, ids, parts, packedAttention(graph, config, maskOf));
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
  let x = parts.embed?.(ids) ?? embedding(graph, parts.weight("model.embed_tokens.weight"), ids);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const run = (x: GraphTensor): GraphTensor => {
      const attended = residual(graph, x, selfAttention(graph, config, parts, attend, { x, layer }));
      return residual(graph, attended, feedForward(graph, config, parts, { x: attended, layer }));
    };
    x = parts.checkpointing ? checkpoint(graph, x, run) : run(x);
  }
  return rmsNorm(graph, x, parts.weight("model.norm.weight"), config.rms_norm_eps);
}

/** The head's weights [V, D]. */
export function headTable(config: LlamaConfig, parts: LlamaParts): GraphTensor {
  return parts.weight(config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
}

/** Attention within the rows of a batch, as the layer's mask [B, 1, 1, T, T] allows it. */
export function packedAttention(graph: Graph, config: LlamaConfig, maskOf: LlamaInputs["maskOf"]): Attend {
  const frequencies = ropeFrequencies(config);
  return ({ q, k, v }, layer) => {
    const mask = maskOf(layer);
    const heads = (x: GraphTensor): GraphTensor => splitHeads(graph, x, mask.shape[0] ?? 0, headSize(config));
    const rotated = { q: rope(graph, heads(q), frequencies), k: rope(graph, heads(k), frequencies) };
    return mergeHeads(graph, attention(graph, { ...rotated, v: heads(v), mask }));
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
  const project = (projection: Projection): GraphTensor =>
    projected(graph, config, parts, { x: normalised, layer, projection });
  const normed = (x: GraphTensor, name: "q_norm" | "k_norm"): GraphTensor =>
    hasQueryKeyNorm(config)
      ? headNorm(graph, config, x, parts.weight(`model.layers.${layer}.self_attn.${name}.weight`))
      : x;
  const [q, k] = [normed(project("q_proj"), "q_norm"), normed(project("k_proj"), "k_norm")];
  const mixed = attend({ q, k, v: project("v_proj") }, layer);
  return projected(graph, config, parts, { x: mixed, layer, projection: "o_proj" });
}

/** x [N, H D] with each head's features [D] normalised by themselves. */
function headNorm(graph: Graph, config: LlamaConfig, x: GraphTensor, gain: GraphTensor): GraphTensor {
  const [rows = 0, width = 0] = x.shape;
  const size = headSize(config);
  const reshaped = (input: GraphTensor, shape: readonly number[]): GraphTensor =>
    graph.record(primitives.reshape(graph, input, shape), [input], (dy) => [
      () => primitives.reshape(graph, dy, input.shape),
    ]);
  const heads = reshaped(x, [rows, width / size, size]);
  return reshaped(rmsNorm(graph, heads, gain, config.rms_norm_eps), x.shape);
}

/** x through a projection, and its bias where it has one. */
function projected(
  graph: Graph,
  config: LlamaConfig,
  parts: LlamaParts,
  { x, layer, projection }: LayerInput & { readonly projection: Projection },
): GraphTensor {
  const y = parts.project(x, layer, projection);
  if (!hasBias(config, projection)) return y;
  return addBias(graph, y, parts.weight(`${projectionModule(layer, projection)}.bias`));
}

function feedForward(graph: Graph, config: LlamaConfig, parts: LlamaParts, { x, layer }: LayerInput): GraphTensor {
  const gain = parts.weight(`model.layers.${layer}.post_attention_layernorm.weight`);
  const normalised = rmsNorm(graph, x, gain, config.rms_norm_eps);
  const project = (input: GraphTensor, projection: Projection): GraphTensor =>
    projected(graph, config, parts, { x: input, layer, projection });
  const [gate, up] = [project(normalised, "gate_proj"), project(normalised, "up_proj")];
  return project(swiglu(graph, gate, up), "down_proj");
}
