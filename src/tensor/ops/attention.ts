/**
 * Grouped-query attention and the moves between rows of tokens and heads.
 * Letters: B batch, T time, H query heads, K key/value heads, G = H / K, D head size.
 */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { add, matmul, multiply, reduce, reshape, softmax, subtract, transpose } from "./primitives.ts";

/** [B T, H D] to [B, H, T, D]. */
export function splitHeads(graph: Graph, x: GraphTensor, batch: number, headSize: number): GraphTensor {
  const [rows = 0, width = 0] = x.shape;
  const time = rows / batch;
  const heads = width / headSize;
  if (x.shape.length !== 2 || !Number.isInteger(time) || !Number.isInteger(heads)) {
    throw new ShapeError("splitHeads", [x, { name: "B and D", shape: [batch, headSize] }], "x [B T, H D]");
  }
  const y = transpose(graph, reshape(graph, x, [batch, time, heads, headSize]), [0, 2, 1, 3]);
  return graph.record(y, [x], (dy) => [() => reshape(graph, transpose(graph, dy, [0, 2, 1, 3]), x.shape)]);
}

/** [B, H, T, D] to [B T, H D]. */
export function mergeHeads(graph: Graph, x: GraphTensor): GraphTensor {
  const [batch = 0, heads = 0, time = 0, size = 0] = x.shape;
  if (x.shape.length !== 4) throw new ShapeError("mergeHeads", [x], "x [B, H, T, D]");
  const y = reshape(graph, transpose(graph, x, [0, 2, 1, 3]), [batch * time, heads * size]);
  return graph.record(y, [x], (dy) => [
    () => transpose(graph, reshape(graph, dy, [batch, time, heads, size]), [0, 2, 1, 3]),
  ]);
}

export interface AttentionInputs {
  /** [B, H, T, D]. */
  readonly q: GraphTensor;
  /** [B, K, T, D]. */
  readonly k: GraphTensor;
  /** [B, K, T, D]. */
  readonly v: GraphTensor;
  /** Added to the scores, [B, 1, 1, T, T]: 0 where a query (row) may see a key (column), very negative where not. */
  readonly mask: GraphTensor;
}

/**
 * softmax(q kᵀ / sqrt(D) + mask) v, [B, H, T, D]. The G query heads that share a key head are laid end to end
 * along time, so keys and values are never repeated.
 *
 * @source Ainslie et al., "GQA" (2023); the row sums of the softmax's gradient as in FlashAttention-2, §3.1
 */
export function attention(graph: Graph, { q, k, v, mask }: AttentionInputs): GraphTensor {
  const [batch = 0, heads = 0, time = 0, size = 0] = q.shape;
  const kvHeads = k.shape[1] ?? 0;
  const fits = k.shape.join() === [batch, kvHeads, time, size].join() && v.shape.join() === k.shape.join();
  if (!fits || heads % kvHeads !== 0 || mask.shape.join() !== [batch, 1, 1, time, time].join()) {
    throw new ShapeError("attention", [q, k, v, mask], "q [B, H, T, D], k and v [B, K, T, D], mask [B, 1, 1, T, T]");
  }
  const group = heads / kvHeads;
  const grouped = [batch, kvHeads, group * time, size];
  const alpha = 1 / Math.sqrt(size);
  const query = reshape(graph, q, grouped);
  const scores = matmul(graph, query, k, { transposeB: true, alpha });
  const masked = add(graph, reshape(graph, scores, [batch, kvHeads, group, time, time]), mask);
  const shares = reshape(graph, softmax(graph, masked), scores.shape);
  const mixed = matmul(graph, shares, v);
  return graph.record(reshape(graph, mixed, q.shape), [q, k, v], (dy) => {
    const dMixed = reshape(graph, dy, grouped);
    const rowSums = reduce(graph, "ReduceSum", multiply(graph, dMixed, mixed), -1);
    const dShares = matmul(graph, dMixed, v, { transposeB: true });
    const dScores = multiply(graph, shares, subtract(graph, dShares, rowSums));
    return [
      () => reshape(graph, matmul(graph, dScores, k, { alpha }), q.shape),
      () => matmul(graph, dScores, query, { transposeA: true, alpha }),
      () => matmul(graph, shares, dMixed, { transposeA: true }),
    ];
  });
}
