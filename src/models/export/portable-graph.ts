/**
 * Llama's forward pass in the layout that transformers.js runs: a batch of sequences, a mask over past and new tokens,
 * and the cache as inputs and outputs of any length.
 * Letters: B sequences, T new tokens, S tokens past and new, H query heads, K key/value heads, G = H / K, D head size,
 * V vocabulary.
 *
 * @source huggingface/transformers.js src/models/modeling_utils.js, `decoder_forward` (names of inputs and outputs)
 */

import { Graph, type GraphTensor } from "../../tensor/index.ts";
import { headSize, type LlamaConfig, slidingWindow } from "../llama-config.ts";
import { type Attend, llamaHidden } from "../llama-graph.ts";
import { rotationTables } from "../rotation-tables.ts";
import { type StoredWeight, storedParts, type WeightPrecision } from "../stored-parts.ts";

/** A model without its weights, which are to be written behind it. */
export interface PortableModel {
  readonly model: Uint8Array;
  readonly stored: readonly StoredWeight[];
}

/**
 * Inputs: `input_ids` and `position_ids` [B, T] int64, `attention_mask` [B, S] int64, `past_key_values.N.key` and
 * `.value` [B, K, S - T, D]. Outputs: `logits` [B, T, V], `present.N.key` and `.value` [B, K, S, D].
 */
export function portableModel(config: LlamaConfig, precision: WeightPrecision): PortableModel {
  const graph = new Graph();
  const nodes = nodesOf(graph);
  const [batch, time, rows] = ["batch_size", "sequence_length", "tokens"].map((name) => graph.dimension(name)) as [
    number,
    number,
    number,
  ]; // three names
  const ids = graph.input("input_ids", [batch, time], "int64");
  const mask = graph.input("attention_mask", [batch, graph.dimension("total_sequence_length")], "int64");
  const parts = storedParts(graph, config, precision);
  const present: Record<string, GraphTensor> = {};
  const attend = maskedAttention(graph, config, { ids, mask, present });
  const flat = nodes("Reshape", [ids, graph.integers([-1])], [rows]);
  const logits = parts.head(llamaHidden(graph, config, flat, parts, attend));
  const shape = nodes("Concat", [nodes("Shape", [ids], [2]), graph.integers([config.vocab_size])], [3], { axis: 0 });
  const shaped = nodes("Reshape", [logits, shape], [batch, time, config.vocab_size]);
  return { model: graph.compile({ logits: shaped, ...present }).model, stored: parts.stored };
}

/** Attention of new tokens to what the mask shows of the past and of themselves, each up to its own place. */
function maskedAttention(
  graph: Graph,
  config: LlamaConfig,
  inputs: { ids: GraphTensor; mask: GraphTensor; present: Record<string, GraphTensor> },
): Attend {
  const nodes = nodesOf(graph);
  const [batch = 0, time = 0] = inputs.ids.shape;
  const [past, total] = [graph.dimension("past_sequence_length"), inputs.mask.shape[1] ?? 0];
  const [heads, kvHeads, size] = [config.num_attention_heads, config.num_key_value_heads, headSize(config)];
  const positions = graph.input("position_ids", [batch, time], "int64");
  const { shape, cosine, sine } = rotationTables(config, config.max_position_embeddings);
  const tables = [graph.constant("cosine", shape, cosine), graph.constant("sine", shape, sine)];
  const idsShape = nodes("Shape", [inputs.ids], [2]);
  const shapeOf = (...rest: number[]): GraphTensor =>
    nodes("Concat", [idsShape, graph.integers(rest)], [2 + rest.length], { axis: 0 });
  const [queryShape, keyShape, mixedShape] = [shapeOf(heads, size), shapeOf(kvHeads, size), shapeOf(heads * size)];
  const split = (x: GraphTensor, target: GraphTensor, count: number): GraphTensor => {
    const apart = nodes("Reshape", [x, target], [batch, time, count, size]);
    return nodes("Transpose", [apart], [batch, count, time, size], { perm: [0, 2, 1, 3] });
  };
  const rotate = (x: GraphTensor): GraphTensor => nodes("RotaryEmbedding", [x, positions, ...tables], x.shape);
  const biasOf = attentionBias(graph, config, { ...inputs, idsShape });
  const scale = graph.scalar(1 / Math.sqrt(size));
  return ({ q, k, v }, layer) => {
    const [keys, values] = (
      [
        ["key", rotate(split(k, keyShape, kvHeads))],
        ["value", split(v, keyShape, kvHeads)],
      ] as const
    ).map(([side, fresh]) => {
      const cached = graph.input(`past_key_values.${layer}.${side}`, [batch, kvHeads, past, size]);
      const whole = nodes("Concat", [cached, fresh], [batch, kvHeads, total, size], { axis: 2 });
      inputs.present[`present.${layer}.${side}`] = whole;
      return whole;
    }) as [GraphTensor, GraphTensor]; // two sides
    const query = nodes("Mul", [rotate(split(q, queryShape, heads)), scale], [batch, heads, time, size]);
    // The heads that share keys are laid end to end along time, so keys and values are never repeated.
    const grouped = nodes("Reshape", [query, graph.integers([0, kvHeads, -1, size])], [batch, kvHeads, time, size]);
    const across = nodes("Transpose", [keys], [batch, kvHeads, size, total], { perm: [0, 1, 3, 2] });
    const scores = nodes("MatMul", [grouped, across], [batch, kvHeads, time, total]);
    const shares = nodes("Softmax", [nodes("Add", [scores, biasOf(layer)], scores.shape)], scores.shape, { axis: -1 });
    const mixed = nodes("MatMul", [shares, values], grouped.shape);
    const apart = nodes("Reshape", [mixed, graph.integers([0, heads, -1, size])], [batch, heads, time, size]);
    const together = nodes("Transpose", [apart], [batch, time, heads, size], { perm: [0, 2, 1, 3] });
    const wide = nodes("Reshape", [together, mixedShape], [batch, time, heads * size]);
    return nodes("Reshape", [wide, graph.integers([-1, heads * size])], [graph.dimension("tokens"), heads * size]);
  };
}

const HIDDEN = -1e9;

/** What is added to a layer's scores, [B, 1, G T, S]: 0 where a query may see a key, very negative where not. */
function attentionBias(
  graph: Graph,
  config: LlamaConfig,
  { ids, mask, idsShape }: { ids: GraphTensor; mask: GraphTensor; idsShape: GraphTensor },
): (layer: number) => GraphTensor {
  const nodes = nodesOf(graph);
  const [batch = 0, time = 0] = ids.shape;
  const total = mask.shape[1] ?? 0;
  const group = config.num_attention_heads / config.num_key_value_heads;
  const integer = (value: number): GraphTensor =>
    graph.constant(`integer ${value}`, [], BigInt64Array.of(BigInt(value)));
  const second = (shape: GraphTensor): GraphTensor => nodes("Gather", [shape, integer(1)], [], { axis: 0 });
  const [end, fresh] = [second(nodes("Shape", [mask], [2])), second(idsShape)];
  const keys = nodes("Range", [integer(0), end, integer(1)], [total]);
  const queries = nodes("Range", [nodes("Sub", [end, fresh], []), end, integer(1)], [time]);
  const column = nodes("Unsqueeze", [queries, graph.integers([1])], [time, 1]);
  const shown = nodes("Cast", [mask], mask.shape, { to: BOOL });
  const perSequence = nodes("Unsqueeze", [shown, graph.integers([1, 2])], [batch, 1, 1, total]);
  const causal = nodes("LessOrEqual", [keys, column], [time, total]);
  const biasFor = (window: number | null): GraphTensor => {
    const near = (reach: number): GraphTensor => {
      const from = nodes("Sub", [column, integer(reach)], [time, 1]);
      return nodes("And", [causal, nodes("Greater", [keys, from], [time, total])], [time, total]);
    };
    const allowed = nodes("And", [window === null ? causal : near(window), perSequence], [batch, 1, time, total]);
    const bias = nodes("Where", [allowed, graph.scalar(0), graph.scalar(HIDDEN)], allowed.shape);
    return nodes("Concat", new Array(group).fill(bias), [batch, 1, time, total], { axis: 2 });
  };
  const known = new Map<number | null, GraphTensor>();
  return (layer) => {
    const window = slidingWindow(config, layer);
    const bias = known.get(window) ?? biasFor(window);
    known.set(window, bias);
    return bias;
  };
}

/** ONNX's number for the element type bool. */
const BOOL = 9;

/** Adds nodes with one output. */
function nodesOf(graph: Graph) {
  return (
    op: string,
    inputs: readonly GraphTensor[],
    shape: readonly number[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): GraphTensor => {
    const [output] = graph.node(op, inputs, { shapes: [shape], attributes }) as readonly [GraphTensor]; // one shape
    return output;
  };
}
