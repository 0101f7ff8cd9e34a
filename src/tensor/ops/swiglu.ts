/** The gate of Llama's feed-forward layer. */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { add, map, multiply, subtract } from "./primitives.ts";

/**
 * y = silu(gate) up, where silu(g) = g sigmoid(g); all of one shape.
 *
 * @source Shazeer, "GLU Variants Improve Transformer" (2020), eq. 5
 */
export function swiglu(graph: Graph, gate: GraphTensor, up: GraphTensor): GraphTensor {
  if (gate.shape.join() !== up.shape.join()) throw new ShapeError("swiglu", [gate, up], "equal shapes");
  const [silu] = graph.node("QuickGelu", [gate], {
    shapes: [gate.shape],
    attributes: { alpha: { float: 1 } },
  }) as readonly [GraphTensor]; // one shape gives one output
  return graph.record(multiply(graph, silu, up), [gate, up], (dy) => [
    () => {
      // silu' = s + g s (1 - s), with s the sigmoid.
      const sigmoid = map(graph, "Sigmoid", gate);
      const slope = add(graph, sigmoid, subtract(graph, silu, multiply(graph, silu, sigmoid)));
      return multiply(graph, multiply(graph, dy, up), slope);
    },
    () => multiply(graph, dy, silu),
  ]);
}
