/**
 * Matrix products with weights stored as Hugging Face stores them, [out, in], alone or with a low-rank addition.
 * Weights are read transposed, never transposed by a node, so that no second copy of them exists.
 */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { type Dropout, keepMask, keepOnly } from "./dropout.ts";
import { type Int8Matrix, int8Product } from "./int8-product.ts";
import { add, matmul, matmulAdd, reduce, reshape } from "./primitives.ts";

/** A weight [out, in]: floats, or integers, which are frozen. */
export type Weight = GraphTensor | Int8Matrix;

/** y = x Wᵀ: x [N, in], W [out, in], y [N, out]. */
export function linear(graph: Graph, x: GraphTensor, w: Weight): GraphTensor {
  if (x.shape.length !== 2 || w.shape.length !== 2 || x.shape[1] !== w.shape[1]) {
    throw new ShapeError("linear", [x, w], "x [N, in] and w [out, in]");
  }
  const y = times(graph, x, w);
  const back = (dy: GraphTensor) => () => timesTransposed(graph, dy, w);
  if ("forwards" in w) return graph.record(y, [x], (dy) => [back(dy)]);
  return graph.record(y, [x, w], (dy) => [back(dy), () => matmul(graph, dy, x, { transposeA: true })]);
}

/** x Wᵀ, beside the tape. */
function times(graph: Graph, x: GraphTensor, w: Weight): GraphTensor {
  return "forwards" in w ? int8Product(graph, x, w.forwards) : matmul(graph, x, w, { transposeB: true });
}

/** dy W, beside the tape. */
function timesTransposed(graph: Graph, dy: GraphTensor, w: Weight): GraphTensor {
  return "backwards" in w ? int8Product(graph, dy, w.backwards) : matmul(graph, dy, w);
}

/** A low-rank addition to a weight [out, in]: scale x B A. */
export interface LoraMatrices {
  /** [r, in]. */
  readonly a: GraphTensor;
  /** [out, r]. */
  readonly b: GraphTensor;
  /** alpha / r. */
  readonly scale: number;
  /** Inverted dropout on what A reads. Default none. */
  readonly dropout?: Dropout;
}

/**
 * y = x Wᵀ + scale (dropout(x) Aᵀ) Bᵀ. The gradient of W is never computed: it is frozen.
 *
 * @source Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021), §4.1
 */
export function loraLinear(graph: Graph, x: GraphTensor, w: Weight, lora: LoraMatrices): GraphTensor {
  const { a, b, scale, dropout } = lora;
  const [rank, into] = a.shape;
  if (into !== w.shape[1] || b.shape[0] !== w.shape[0] || rank !== b.shape[1] || x.shape[1] !== w.shape[1]) {
    throw new ShapeError("loraLinear", [x, w, a, b], "x [N, in], w [out, in], A [r, in] and B [out, r]");
  }
  const keep = dropout && keepMask(graph, dropout);
  const kept = keep ? keepOnly(graph, x, keep) : x;
  const alpha = 1 / (1 - (dropout?.rate ?? 0));
  const h = matmul(graph, kept, a, { transposeB: true, alpha });
  const y = matmulAdd(graph, [h, b, times(graph, x, w)], { transposeB: true, alpha: scale });
  return graph.record(y, [x, a, b], (dy) => {
    const dh = matmul(graph, dy, b, { alpha: scale * alpha });
    return [
      () => {
        const through = timesTransposed(graph, dy, w);
        return keep
          ? add(graph, keepOnly(graph, matmul(graph, dh, a), keep), through)
          : matmulAdd(graph, [dh, a, through]);
      },
      () => matmul(graph, dh, kept, { transposeA: true }),
      () => matmul(graph, dy, h, { transposeA: true, alpha: scale }),
    ];
  });
}

/** x + bias for every row: x [N, out], bias [out]. */
export function addBias(graph: Graph, x: GraphTensor, bias: GraphTensor): GraphTensor {
  if (x.shape.length !== 2 || bias.shape.join() !== `${x.shape[1]}`) {
    throw new ShapeError("addBias", [x, bias], "x [N, out] and bias [out]");
  }
  return graph.record(add(graph, x, bias), [x, bias], (dy) => [
    () => dy,
    () => reshape(graph, reduce(graph, "ReduceSum", dy, 0), bias.shape),
  ]);
}

/** x + y for tensors of one shape: the residual connection. */
export function residual(graph: Graph, x: GraphTensor, y: GraphTensor): GraphTensor {
  if (x.shape.join() !== y.shape.join()) throw new ShapeError("residual", [x, y], "equal shapes");
  return graph.record(add(graph, x, y), [x, y], (d) => [() => d, () => d]);
}
