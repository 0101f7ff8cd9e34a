/** Calls of every operation of `src/tensor` with shapes that do not fit, and how the refusal begins. */

import * as tensor from "../../src/tensor/index.ts";

/** A call that must throw, with what its message holds: the tensors with their shapes, and the rule. */
export interface Refusal {
  readonly op: string;
  readonly refuse: () => unknown;
  readonly message: string;
}

const graph = new tensor.Graph();
const { primitives } = tensor;
const of = (name: string, ...shape: number[]) => ({ name, shape, type: "float32" }) as const;
const [heads, keys, mask] = [of("q", 1, 4, 5, 2), of("k", 1, 2, 5, 2), of("mask", 1, 1, 1, 5, 5)];

export const REFUSALS: readonly Refusal[] = [
  {
    op: "linear",
    refuse: () => tensor.linear(graph, of("hidden", 5, 3), of("q_proj", 4, 2)),
    message: "linear cannot take hidden [5, 3] and q_proj [4, 2]; it needs x [N, in] and w [out, in].",
  },
  {
    op: "loraLinear",
    refuse: () =>
      tensor.loraLinear(graph, of("x", 5, 3), of("w", 4, 3), { a: of("a", 2, 6), b: of("b", 4, 2), scale: 1 }),
    message:
      "x [5, 3] and w [4, 3] and a [2, 6] and b [4, 2]; it needs x [N, in], w [out, in], A [r, in] and B [out, r]",
  },
  {
    op: "loraLinear",
    refuse: () =>
      tensor.loraLinear(graph, of("x", 5, 3), of("w", 4, 3), { a: of("a", 2, 3), b: of("b", 4, 7), scale: 1 }),
    message: "a [2, 3] and b [4, 7]; it needs",
  },
  {
    op: "addBias",
    refuse: () => tensor.addBias(graph, of("x", 5, 3), of("bias", 5)),
    message: "addBias cannot take x [5, 3] and bias [5]; it needs x [N, out] and bias [out].",
  },
  {
    op: "residual",
    refuse: () => tensor.residual(graph, of("x", 5, 3), of("y", 5, 4)),
    message: "residual cannot take x [5, 3] and y [5, 4]; it needs equal shapes.",
  },
  {
    op: "swiglu",
    refuse: () => tensor.swiglu(graph, of("gate", 2, 3), of("up", 3, 2)),
    message: "swiglu cannot take gate [2, 3] and up [3, 2]; it needs equal shapes.",
  },
  {
    op: "embedding",
    refuse: () => tensor.embedding(graph, of("table", 5), of("ids", 3)),
    message: "embedding cannot take table [5] and ids [3]; it needs table [V, D] and ids [N].",
  },
  {
    op: "rmsNorm",
    refuse: () => tensor.rmsNorm(graph, of("x", 5, 3), of("gain", 4), 1e-5),
    message: "rmsNorm cannot take x [5, 3] and gain [4]; it needs x [..., D] and gain [D].",
  },
  {
    op: "rope",
    refuse: () => tensor.rope(graph, of("q", 1, 2, 3, 6), [1, 1]),
    message: "rope cannot take q [1, 2, 3, 6] and frequencies [2]; it needs x [B, H, T, D] and D / 2.",
  },
  {
    op: "splitHeads",
    refuse: () => tensor.splitHeads(graph, of("x", 6, 8), 4, 4),
    message: "splitHeads cannot take x [6, 8] and B and D [4, 4]; it needs x [B T, H D].",
  },
  {
    op: "mergeHeads",
    refuse: () => tensor.mergeHeads(graph, of("x", 6, 8)),
    message: "mergeHeads cannot take x [6, 8]; it needs x [B, H, T, D].",
  },
  {
    op: "attention",
    refuse: () => tensor.attention(graph, { q: of("q", 1, 3, 5, 2), k: keys, v: keys, mask }),
    message: "q [1, 3, 5, 2] and k [1, 2, 5, 2] and k [1, 2, 5, 2] and mask [1, 1, 1, 5, 5]; it needs",
  },
  {
    op: "attention",
    refuse: () => tensor.attention(graph, { q: heads, k: keys, v: of("v", 1, 2, 4, 2), mask }),
    message: "v [1, 2, 4, 2]",
  },
  {
    op: "attention",
    refuse: () => tensor.attention(graph, { q: heads, k: keys, v: keys, mask: of("mask", 1, 1, 1, 5, 4) }),
    message: "mask [1, 1, 1, 5, 4]; it needs q [B, H, T, D], k and v [B, K, T, D], mask [B, 1, 1, T, T]",
  },
  {
    op: "logProbabilities",
    refuse: () => tensor.logProbabilities(graph, { x: of("x", 5, 3), table: of("lm_head", 7, 4), targets: of("t", 5) }),
    message: "x [5, 3] and lm_head [7, 4] and t [5]; it needs x [N, D], table [V, D] and targets [N].",
  },
  {
    op: "crossEntropy",
    refuse: () =>
      tensor.crossEntropy(graph, {
        ...{ x: of("x", 5, 3), table: of("table", 7, 3), targets: of("targets", 5) },
        weights: of("weights", 5),
      }),
    message: "crossEntropy cannot take weights [5]; it needs weights [N, 1].",
  },
  {
    op: "primitives.add",
    refuse: () => primitives.add(graph, of("a", 3, 5), of("b", 4)),
    message: "add cannot take a [3, 5] and b [4]; it needs shapes that broadcast.",
  },
  {
    op: "primitives.subtract",
    refuse: () => primitives.subtract(graph, of("a", 3, 5), of("b", 2, 5)),
    message: "subtract cannot take a [3, 5] and b [2, 5]; it needs shapes that broadcast.",
  },
  {
    op: "primitives.multiply",
    refuse: () => primitives.multiply(graph, of("a", 3, 5), of("b", 3, 4)),
    message: "multiply cannot take a [3, 5] and b [3, 4]; it needs shapes that broadcast.",
  },
  {
    op: "primitives.matmul",
    refuse: () => primitives.matmul(graph, of("a", 3, 5), of("b", 3, 5)),
    message: "matmul cannot take a [3, 5] and b [3, 5]; it needs [..., n, k] and [..., k, m] after transposition.",
  },
  {
    op: "primitives.matmul",
    refuse: () => primitives.matmul(graph, of("a", 2, 3, 5), of("b", 5, 3)),
    message: "matmul cannot take a [2, 3, 5] and b [5, 3]; it needs [..., n, k]",
  },
  {
    op: "primitives.matmulAdd",
    refuse: () => primitives.matmulAdd(graph, [of("a", 3, 5), of("b", 5, 2), of("c", 3, 4)]),
    message:
      "matmulAdd cannot take a [3, 5] and b [5, 2] and c [3, 4]; it needs [n, k], [k, m] and [n, m] after transposition.",
  },
  {
    op: "primitives.reduce",
    refuse: () => primitives.reduce(graph, "ReduceSum", of("x", 3, 5), 2),
    message: "reduce cannot take x [3, 5] and axis [2]; it needs an axis of x.",
  },
  {
    op: "primitives.reshape",
    refuse: () => primitives.reshape(graph, of("x", 3, 5), [5, 2]),
    message: "reshape cannot take x [3, 5] and target [5, 2]; it needs equal sizes.",
  },
  {
    op: "primitives.transpose",
    refuse: () => primitives.transpose(graph, of("x", 3, 5), [0, 2]),
    message: "transpose cannot take x [3, 5] and order [0, 2]; it needs every axis once.",
  },
  {
    op: "primitives.split",
    refuse: () => primitives.split(graph, of("x", 5, 3), [2, 2]),
    message: "split cannot take x [5, 3] and lengths [2, 2]; it needs lengths that sum to the first dimension.",
  },
  {
    op: "primitives.concatenate",
    refuse: () => primitives.concatenate(graph, [of("a", 2, 3), of("b", 1, 4)]),
    message: "concatenate cannot take a [2, 3] and b [1, 4]; it needs equal shapes but for the first dimension.",
  },
  {
    op: "primitives.concatenate",
    refuse: () => primitives.concatenate(graph, []),
    message: "concatenate cannot take no tensors; it needs at least one tensor.",
  },
  {
    op: "primitives.gatherRows",
    refuse: () => primitives.gatherRows(graph, of("table", 5), of("ids", 3)),
    message: "gatherRows cannot take table [5] and ids [3]; it needs [V, D] and [N].",
  },
  {
    op: "primitives.scatterRows",
    refuse: () => primitives.scatterRows(graph, of("ids", 4), of("rows", 6, 3), [5, 3]),
    message:
      "scatterRows cannot take ids [4] and rows [6, 3] and table [5, 3]; it needs ids [N], rows [N, D] and a table [V, D].",
  },
];
