/**
 * Single ONNX nodes with their shapes worked out. They have no gradients: the differentiable operations
 * beside this file are made of them, forwards and backwards.
 */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor on the product; 1 when absent. */
  readonly alpha?: number;
}

/** alpha x A B over the last two dimensions; dimensions before them must be equal. Any of the two may be read transposed. */
export function matmul(graph: Graph, a: GraphTensor, b: GraphTensor, options: MatmulOptions = {}): GraphTensor {
  const [rows, inner] = lastTwo(a, options.transposeA ?? false);
  const [innerB, columns] = lastTwo(b, options.transposeB ?? false);
  const leading = a.shape.slice(0, -2);
  const fits = inner === innerB && leading.join() === b.shape.slice(0, -2).join();
  if (!fits || rows === undefined || columns === undefined) {
    throw new ShapeError("matmul", [a, b], "[..., n, k] and [..., k, m] after transposition");
  }
  const attributes = {
    transA: options.transposeA ? 1 : 0,
    transB: options.transposeB ? 1 : 0,
    alpha: { float: options.alpha ?? 1 },
  };
  return single(graph, "FusedMatMul", [a, b], [...leading, rows, columns], attributes);
}

/** alpha x A B + C for matrices, in one pass. */
export function matmulAdd(
  graph: Graph,
  [a, b, c]: readonly [GraphTensor, GraphTensor, GraphTensor],
  options: MatmulOptions = {},
): GraphTensor {
  const [rows, inner] = lastTwo(a, options.transposeA ?? false);
  const [innerB, columns] = lastTwo(b, options.transposeB ?? false);
  if (inner !== innerB || c.shape[0] !== rows || c.shape[1] !== columns) {
    throw new ShapeError("matmulAdd", [a, b, c], "[n, k], [k, m] and [n, m] after transposition");
  }
  const attributes = {
    transA: options.transposeA ? 1 : 0,
    transB: options.transposeB ? 1 : 0,
    alpha: { float: options.alpha ?? 1 },
  };
  return single(graph, "Gemm", [a, b, c], c.shape, attributes);
}

export function add(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return single(graph, "Add", [a, b], broadcast("add", a, b), {}, a);
}

export function subtract(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return single(graph, "Sub", [a, b], broadcast("subtract", a, b));
}

export function multiply(graph: Graph, a: GraphTensor, b: GraphTensor): GraphTensor {
  return single(graph, "Mul", [a, b], broadcast("multiply", a, b));
}

/** An elementwise function of one tensor. */
export function map(graph: Graph, op: "Sigmoid" | "Log" | "Neg" | "Sqrt" | "Reciprocal", x: GraphTensor): GraphTensor {
  return single(graph, op, [x], x.shape);
}

export function softmax(graph: Graph, x: GraphTensor): GraphTensor {
  return single(graph, "Softmax", [x], x.shape, { axis: -1 });
}

/** Reduces one axis to length 1. */
export function reduce(
  graph: Graph,
  op: "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin",
  x: GraphTensor,
  axis: number,
): GraphTensor {
  const at = axis < 0 ? x.shape.length + axis : axis;
  if (x.shape[at] === undefined) throw new ShapeError("reduce", [x, { name: "axis", shape: [axis] }], "an axis of x");
  const shape = x.shape.map((length, i) => (i === at ? 1 : length));
  return single(graph, op, [x, graph.integers([at])], shape, { keepdims: 1 });
}

/** The sum of all elements, without dimensions. */
export function total(graph: Graph, x: GraphTensor): GraphTensor {
  return single(graph, "ReduceSum", [x], [], { keepdims: 0 });
}

export function reshape(graph: Graph, x: GraphTensor, shape: readonly number[]): GraphTensor {
  if (sizeOf(x.shape) !== sizeOf(shape)) throw new ShapeError("reshape", [x, { name: "target", shape }], "equal sizes");
  // The first length is left to the run, for it may be an open dimension.
  const target = shape.length === 0 ? shape : [-1, ...shape.slice(1)];
  return single(graph, "Reshape", [x, graph.integers(target)], shape, {}, x);
}

export function transpose(graph: Graph, x: GraphTensor, order: readonly number[]): GraphTensor {
  if (order.toSorted((a, b) => a - b).join() !== [...x.shape.keys()].join()) {
    throw new ShapeError("transpose", [x, { name: "order", shape: order }], "every axis once");
  }
  const shape = order.map((axis) => x.shape[axis] ?? 0);
  return single(graph, "Transpose", [x], shape, { perm: order });
}

/** Cuts the first axis into pieces of the given lengths. */
export function split(graph: Graph, x: GraphTensor, lengths: readonly number[]): readonly GraphTensor[] {
  if (lengths.reduce((sum, length) => sum + length, 0) !== x.shape[0]) {
    throw new ShapeError("split", [x, { name: "lengths", shape: lengths }], "lengths that sum to the first dimension");
  }
  const shapes = lengths.map((length) => [length, ...x.shape.slice(1)]);
  return graph.node("Split", [x, graph.integers(lengths)], { shapes, type: x.type, attributes: { axis: 0 } });
}

/** Joins along the first axis. */
export function concatenate(graph: Graph, pieces: readonly GraphTensor[]): GraphTensor {
  const [first] = pieces;
  if (!first) throw new ShapeError("concatenate", [], "at least one tensor");
  const rest = first.shape.slice(1);
  if (pieces.some(({ shape }) => shape.slice(1).join() !== rest.join())) {
    throw new ShapeError("concatenate", pieces, "equal shapes but for the first dimension");
  }
  const length = pieces.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return single(graph, "Concat", pieces, [length, ...rest], { axis: 0 }, first);
}

/** Rows of `table` [V, D] by `ids` [N]. */
export function gatherRows(graph: Graph, table: GraphTensor, ids: GraphTensor): GraphTensor {
  if (table.shape.length !== 2 || ids.shape.length !== 1)
    throw new ShapeError("gatherRows", [table, ids], "[V, D] and [N]");
  return single(graph, "Gather", [table, ids], [ids.shape[0] ?? 0, table.shape[1] ?? 0], { axis: 0 });
}

/**
 * A [V, D] table with row i of `rows` [N, D] added at row `ids[i]`, zeros elsewhere.
 * By ScatterElements: ScatterND with `add` races on repeated ids.
 */
export function scatterRows(
  graph: Graph,
  ids: GraphTensor,
  rows: GraphTensor,
  tableShape: readonly number[],
): GraphTensor {
  const [count = 0, width = 0] = rows.shape;
  if (ids.shape.join() !== `${count}` || tableShape.length !== 2 || tableShape[1] !== width) {
    const table = { name: "table", shape: tableShape };
    throw new ShapeError("scatterRows", [ids, rows, table], "ids [N], rows [N, D] and a table [V, D]");
  }
  const zeros = single(graph, "ConstantOfShape", [graph.integers(tableShape)], tableShape);
  const column = reshape(graph, ids, [count, 1]);
  const indices = single(graph, "Expand", [column, graph.integers([count, width])], [count, width], {}, ids);
  return single(graph, "ScatterElements", [zeros, indices, rows], tableShape, { axis: 0, reduction: "add" });
}

function single(
  graph: Graph,
  op: string,
  inputs: readonly GraphTensor[],
  shape: readonly number[],
  attributes: NonNullable<Parameters<Graph["node"]>[2]["attributes"]> = {},
  typedLike?: GraphTensor,
): GraphTensor {
  const options = { shapes: [shape], type: typedLike?.type ?? "float32", attributes } as const;
  const [output] = graph.node(op, inputs, options) as readonly [GraphTensor]; // one shape gives one output
  return output;
}

function lastTwo({ shape }: GraphTensor, transposed: boolean): readonly (number | undefined)[] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function broadcast(op: string, a: GraphTensor, b: GraphTensor): readonly number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.shape[a.shape.length - rank + i] ?? 1;
    const y = b.shape[b.shape.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new ShapeError(op, [a, b], "shapes that broadcast");
    return Math.max(x, y);
  });
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The primitives under one name, for graphs that no gradient flows through. Shape errors as everywhere. */
export const primitives = {
  add,
  concatenate,
  gatherRows,
  map,
  matmul,
  matmulAdd,
  multiply,
  reduce,
  reshape,
  scatterRows,
  softmax,
  split,
  subtract,
  total,
  transpose,
} as const;
