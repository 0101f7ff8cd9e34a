/**
 * Llama's forward pass for one sequence that grows: new tokens attend to a cache of keys and values and to each other.
 * The graph reads the cache and gives back the new tokens' keys and values; the caller writes them where they belong.
 * Letters: T new tokens, S slots of the cache, L layers, H query heads, K key/value heads, D head size, V vocabulary.
 */

import {
  type CompiledGraph,
  Graph,
  type GraphTensor,
  linear,
  mergeHeads,
  primitives,
  splitHeads,
} from "../tensor/index.ts";
import { headSize, type LlamaConfig, llamaTensors } from "./llama-config.ts";
import { type Attend, headTable, llamaHidden, plainParts } from "./llama-graph.ts";
import { type Weights, weightOf } from "./llama-weights.ts";

const { concatenate, matmul, reshape, softmax, split, add } = primitives;

/** The parts of a forward pass whose weights are constants of the graph. */
export function constantParts(graph: Graph, config: LlamaConfig, weights: Weights) {
  const shapes = llamaTensors(config);
  return plainParts(graph, (name) => {
    const shape = shapes[name] ?? [];
    return graph.constant(name, shape, weightOf(weights, name, shape));
  });
}

/**
 * The graph for `time` new tokens.
 * Inputs: `ids` [T] int32; `position` [1] int64, of the first new token; `cache` [2 L, K, S, D], keys of a layer then
 * its values; `mask` [T, S + T], added to the scores. Outputs: `logits` [T, V]; `fresh` [2 L, K, T, D].
 */
export function decoderGraph(config: LlamaConfig, weights: Weights, time: number): CompiledGraph {
  const graph = new Graph();
  const slots = config.max_position_embeddings;
  const [layers, kvHeads, size] = [config.num_hidden_layers, config.num_key_value_heads, headSize(config)];
  const ids = graph.input("ids", [time], "int32");
  const position = graph.input("position", [1], "int64");
  const cache = graph.input("cache", [2 * layers, kvHeads, slots, size]);
  const mask = graph.input("mask", [time, slots + time]);
  const past = split(graph, cache, new Array(2 * layers).fill(1));
  const rotate = rotation(graph, config, slots + time, position);
  const fresh: GraphTensor[] = [];
  const attend: Attend = ({ q, k, v }, layer) => {
    const heads = (x: GraphTensor): GraphTensor => splitHeads(graph, x, 1, size);
    const [keys, values] = [rotate(heads(k)), heads(v)];
    fresh.push(keys, values);
    return mergeHeads(
      graph,
      cachedAttention(graph, {
        q: rotate(heads(q)),
        keys: appendTime(graph, past[2 * layer], keys),
        values: appendTime(graph, past[2 * layer + 1], values),
        mask,
      }),
    );
  };
  const parts = constantParts(graph, config, weights);
  const hidden = llamaHidden(graph, config, ids, parts, attend);
  const logits = linear(graph, hidden, headTable(config, parts));
  return graph.compile({ logits, fresh: concatenate(graph, fresh) });
}

/** Past [1, K, S, D] and new [1, K, T, D] keys or values as [1, K, S + T, D]. */
function appendTime(graph: Graph, past: GraphTensor | undefined, fresh: GraphTensor): GraphTensor {
  const [, kvHeads = 0, time = 0, size = 0] = fresh.shape;
  const inputs = past ? [past, fresh] : [fresh];
  const length = (past?.shape[2] ?? 0) + time;
  const [joined = fresh] = graph.node("Concat", inputs, {
    shapes: [[1, kvHeads, length, size]],
    attributes: { axis: 2 },
  });
  return joined;
}

/** softmax(q kᵀ / sqrt(D) + mask) v: q [1, H, T, D], keys and values [1, K, N, D], mask [T, N]; gives [1, H, T, D]. */
function cachedAttention(
  graph: Graph,
  { q, keys, values, mask }: Readonly<Record<"q" | "keys" | "values" | "mask", GraphTensor>>,
): GraphTensor {
  const [, heads = 0, time = 0, size = 0] = q.shape;
  const [, kvHeads = 0, length = 0] = keys.shape;
  const group = heads / kvHeads;
  const query = reshape(graph, q, [1, kvHeads, group * time, size]);
  const scores = matmul(graph, query, keys, { transposeB: true, alpha: 1 / Math.sqrt(size) });
  const masked = add(graph, reshape(graph, scores, [1, kvHeads, group, time, length]), mask);
  const shares = reshape(graph, softmax(graph, masked), scores.shape);
  return reshape(graph, matmul(graph, shares, values), q.shape);
}

/** Rotary embedding of x [1, heads, T, D] from a position that is an input. */
function rotation(graph: Graph, config: LlamaConfig, positions: number, start: GraphTensor) {
  const half = headSize(config) / 2;
  const table = (name: string, value: (angle: number) => number): GraphTensor =>
    graph.constant(
      name,
      [positions, half],
      Float32Array.from({ length: positions * half }, (_, i) =>
        value(Math.floor(i / half) * config.rope_theta ** (-(i % half) / half)),
      ),
    );
  const tables = [table("cosine", Math.cos), table("sine", Math.sin)];
  return (x: GraphTensor): GraphTensor => {
    const [rotated = x] = graph.node("RotaryEmbedding", [x, start, ...tables], { shapes: [x.shape] });
    return rotated;
  };
}
