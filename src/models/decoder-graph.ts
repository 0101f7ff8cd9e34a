/**
 * Llama's forward pass for one sequence that grows, as one ONNX model for any number of new tokens: they attend to a
 * cache of keys and values and to each other, and their own keys and values are written into the same cache.
 * Letters: T new tokens, S slots of the cache, R rows, H query heads, K key/value heads, D head size, P head size in
 * the cache (D rounded up to what the operator can, filled with zeros), V vocabulary.
 */

import { encodeWeight, Graph, type GraphTensor, primitives } from "../tensor/index.ts";
import { headSize, type LlamaConfig, slidingWindow } from "./llama-config.ts";
import { type Attend, llamaHidden } from "./llama-graph.ts";
import { rotationTables } from "./rotation-tables.ts";
import { type StoredWeight, storedParts, type WeightPrecision } from "./stored-parts.ts";

const { gatherRows, map, reshape } = primitives;

/** Head sizes of ONNX Runtime's `GroupQueryAttention` on a CPU are multiples of this. */
const HEAD_STEP = 16;

/** A model that is ready to be opened, and what its cache is like. */
export interface DecoderModel {
  /**
   * Inputs: `ids` [T] int32 and their `positions` [1, T] int64; `last` [1] int32, the position of the last of them;
   * `length` [1] int32, the tokens in the cache after these; `rows` [R] int64, of which something is wanted, and their
   * `targets` [R] int64; `past.N.key` and `past.N.value` [1, K, S, P]. Outputs: `logits` [R, V]; `nats` [R, 1], minus
   * the log-likelihood of each target; `present.N.key` and `present.N.value`, which must be given the memory of the past.
   */
  readonly model: Uint8Array;
  /** What the file `WEIGHTS` beside the model holds. */
  readonly weights: readonly PlacedWeight[];
  readonly cache: { readonly layers: number; readonly heads: number; readonly size: number };
  readonly vocabulary: number;
  readonly contextTokens: number;
}

/** The file that the model reads its weights from. */
export const WEIGHTS = "weights";
/** Where a weight may begin: a multiple that every kernel's loads are aligned to. */
const ALIGNMENT = 64;

/** A weight, and where its constants begin in the file, in bytes. */
export interface PlacedWeight {
  readonly weight: StoredWeight;
  readonly offsets: readonly number[];
}

/** The model of a configuration. */
export function decoderModel(config: LlamaConfig, precision: WeightPrecision): DecoderModel {
  const graph = new Graph();
  const parts = storedParts(graph, config, precision);
  const size = HEAD_STEP * Math.ceil(headSize(config) / HEAD_STEP);
  const present: Record<string, GraphTensor> = {};
  const ids = graph.input("ids", [graph.dimension("tokens")], "int32");
  const hidden = llamaHidden(graph, config, ids, parts, cachedAttention(graph, config, { size, present }));
  const logits = parts.head(gatherRows(graph, hidden, graph.input("rows", [graph.dimension("rows")], "int64")));
  const { model } = graph.compile({ logits, nats: likelihoods(graph, logits), ...present });
  let end = 0;
  const weights = parts.stored.map((weight): PlacedWeight => {
    const offsets = weight.constants.map(({ sizeBytes }) => {
      const offset = end;
      end = ALIGNMENT * Math.ceil((offset + sizeBytes) / ALIGNMENT);
      return offset;
    });
    return { weight, offsets };
  });
  const places = weights.flatMap(({ weight, offsets }) =>
    weight.constants.map((constant, i) =>
      encodeWeight({ ...constant, beside: { file: WEIGHTS, offset: offsets[i] ?? 0 } }),
    ),
  );
  return {
    model: Buffer.concat([model, ...places]),
    weights,
    cache: { layers: config.num_hidden_layers, heads: config.num_key_value_heads, size },
    vocabulary: config.vocab_size,
    contextTokens: config.max_position_embeddings,
  };
}

/** Minus the log-likelihood of each row's target, [R, 1]. */
function likelihoods(graph: Graph, logits: GraphTensor): GraphTensor {
  const rows = graph.dimension("rows");
  const targets = reshape(graph, graph.input("targets", [rows], "int64"), [rows, 1]);
  const shares = node(graph, "LogSoftmax", [logits], logits.shape, { axis: -1 });
  return map(graph, "Neg", node(graph, "GatherElements", [shares, targets], [rows, 1], { axis: 1 }));
}

/** Attention through the cache; the layers' caches become inputs, and outputs in `present`. */
function cachedAttention(
  graph: Graph,
  config: LlamaConfig,
  { size, present }: { size: number; present: Record<string, GraphTensor> },
): Attend {
  const [tokens, slots] = [graph.dimension("tokens"), graph.dimension("slots")];
  const [heads, kvHeads, unpadded] = [config.num_attention_heads, config.num_key_value_heads, headSize(config)];
  const positions = graph.input("positions", [1, tokens], "int64");
  const lengths = [graph.input("last", [1], "int32"), graph.input("length", [1], "int32")];
  const { shape, cosine, sine } = rotationTables(config, config.max_position_embeddings);
  const tables = [graph.constant("cosine", shape, cosine), graph.constant("sine", shape, sine)];
  const rotate = (x: GraphTensor): GraphTensor => node(graph, "RotaryEmbedding", [x, positions, ...tables], x.shape);
  const attributes = {
    num_heads: heads,
    kv_num_heads: kvHeads,
    scale: { float: 1 / Math.sqrt(unpadded) },
  };
  const [pad, unpad] = padding(graph, unpadded, size);
  return ({ q, k, v }, layer) => {
    const [query, key, value] = [q, k, v].map((x) =>
      node(graph, "Unsqueeze", [x, graph.integers([0])], [1, ...x.shape]),
    ) as [GraphTensor, GraphTensor, GraphTensor]; // three in, three out
    const past = ["key", "value"].map((side) => graph.input(`past.${layer}.${side}`, [1, kvHeads, slots, size]));
    const inputs = [pad(rotate(query), heads), pad(rotate(key), kvHeads), pad(value, kvHeads), ...past, ...lengths];
    const [mixed, keys, values] = graph.node("GroupQueryAttention", inputs, {
      shapes: [[1, tokens, heads * size], ...past.map(({ shape }) => shape)],
      attributes: { ...attributes, local_window_size: slidingWindow(config, layer) ?? -1 },
    }) as readonly [GraphTensor, GraphTensor, GraphTensor]; // three shapes give three outputs
    Object.assign(present, { [`present.${layer}.key`]: keys, [`present.${layer}.value`]: values });
    return unpad(mixed, heads);
  };
}

/** From [1, T, count D] to [1, T, count P] with zeros behind each head, and from there to [T, count D]. */
function padding(graph: Graph, from: number, to: number) {
  const tokens = graph.dimension("tokens");
  const flatten = (x: GraphTensor, width: number): GraphTensor =>
    node(graph, "Reshape", [x, graph.integers([-1, width])], [tokens, width]);
  const pad = (x: GraphTensor, count: number): GraphTensor => {
    if (from === to) return x;
    const apart = node(graph, "Reshape", [x, graph.integers([-1, count, from])], [tokens, count, from]);
    const padded = node(graph, "Pad", [apart, graph.integers([0, 0, 0, 0, 0, to - from])], [tokens, count, to]);
    return node(graph, "Reshape", [padded, graph.integers([1, -1, count * to])], [1, tokens, count * to]);
  };
  const unpad = (x: GraphTensor, count: number): GraphTensor => {
    if (from === to) return flatten(x, count * to);
    const apart = node(graph, "Reshape", [x, graph.integers([-1, count, to])], [tokens, count, to]);
    const bounds = [[0], [from], [2]].map((bound) => graph.integers(bound));
    return flatten(node(graph, "Slice", [apart, ...bounds], [tokens, count, from]), count * from);
  };
  return [pad, unpad] as const;
}

function node(
  graph: Graph,
  op: string,
  inputs: readonly GraphTensor[],
  shape: readonly number[],
  attributes: Readonly<Record<string, number>> = {},
): GraphTensor {
  const [output] = graph.node(op, inputs, { shapes: [shape], attributes }) as readonly [GraphTensor]; // one shape
  return output;
}
