/**
 * Llama's forward pass for sequences that grow, as one ONNX model for any number of new tokens: they attend to a
 * cache of keys and values and to each other, and their own keys and values are written into the same cache.
 * Letters: B sequences, T new tokens of each, N = B T, S slots of the cache, R rows, H query heads, K key/value heads, D head size, P head size in
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
   * Inputs: `ids` [N] int32 and their `positions` [B, T] int64; `last` [B] int32, the position of each one's last;
   * `length` [1] int32, the tokens in the longest cache after these; `rows` [R] int64, of which something is wanted, and their
   * `targets` [R] int64; `past.N.key` and `past.N.value` [B, K, S, P]. Outputs: `logits` [R, V]; `nats` [R, 1], minus
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
  const [batch, each, slots] = [graph.dimension("batch"), graph.dimension("each"), graph.dimension("slots")];
  const [heads, kvHeads, unpadded] = [config.num_attention_heads, config.num_key_value_heads, headSize(config)];
  const positions = graph.input("positions", [batch, each], "int64");
  const lengths = [graph.input("last", [batch], "int32"), graph.input("length", [1], "int32")];
  const { shape, cosine, sine } = rotationTables(config, config.max_position_embeddings);
  const tables = [graph.constant("cosine", shape, cosine), graph.constant("sine", shape, sine)];
  const rotate = (x: GraphTensor): GraphTensor => node(graph, "RotaryEmbedding", [x, positions, ...tables], x.shape);
  const attributes = {
    num_heads: heads,
    kv_num_heads: kvHeads,
    scale: { float: 1 / Math.sqrt(unpadded) },
  };
  const apart = byTokens(graph, positions);
  const [pad, unpad] = padding(graph, { from: unpadded, to: size, apart });
  return ({ q, k, v }, layer) => {
    const [query, key, value] = [q, k, v].map((x) => apart(x, x.shape.at(-1) ?? 0)) as [
      GraphTensor,
      GraphTensor,
      GraphTensor,
    ]; // three in, three out
    const past = ["key", "value"].map((side) => graph.input(`past.${layer}.${side}`, [batch, kvHeads, slots, size]));
    const inputs = [pad(rotate(query), heads), pad(rotate(key), kvHeads), pad(value, kvHeads), ...past, ...lengths];
    const [mixed, keys, values] = graph.node("GroupQueryAttention", inputs, {
      shapes: [[batch, each, heads * size], ...past.map(({ shape }) => shape)],
      attributes: { ...attributes, local_window_size: slidingWindow(config, layer) ?? -1 },
    }) as readonly [GraphTensor, GraphTensor, GraphTensor]; // three shapes give three outputs
    Object.assign(present, { [`present.${layer}.key`]: keys, [`present.${layer}.value`]: values });
    return unpad(mixed, heads);
  };
}

/** Gives rows [N, width], however they are cut, the shape [B, T, width]. */
function byTokens(graph: Graph, positions: GraphTensor): (x: GraphTensor, width: number) => GraphTensor {
  const lengths = node(graph, "Shape", [positions], [2]);
  return (x, width) => {
    const shape = node(graph, "Concat", [lengths, graph.integers([width])], [3], { axis: 0 });
    return node(graph, "Reshape", [x, shape], [...positions.shape, width]);
  };
}

interface Padding {
  readonly from: number;
  readonly to: number;
  readonly apart: ReturnType<typeof byTokens>;
}

/** From [B, T, count D] to [B, T, count P] with zeros behind each head, and from there to [N, count D]. */
function padding(graph: Graph, { from, to, apart }: Padding) {
  const tokens = graph.dimension("tokens");
  const flatten = (x: GraphTensor, width: number): GraphTensor =>
    node(graph, "Reshape", [x, graph.integers([-1, width])], [tokens, width]);
  const heads = (x: GraphTensor, count: number, size: number): GraphTensor =>
    node(graph, "Reshape", [x, graph.integers([-1, count, size])], [tokens, count, size]);
  const pad = (x: GraphTensor, count: number): GraphTensor => {
    if (from === to) return x;
    const sides = graph.integers([0, 0, 0, 0, 0, to - from]);
    return apart(node(graph, "Pad", [heads(x, count, from), sides], [tokens, count, to]), count * to);
  };
  const unpad = (x: GraphTensor, count: number): GraphTensor => {
    if (from === to) return flatten(x, count * to);
    const bounds = [[0], [from], [2]].map((bound) => graph.integers(bound));
    return flatten(node(graph, "Slice", [heads(x, count, to), ...bounds], [tokens, count, from]), count * from);
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
