/** Root-mean-square normalisation of rows, with a gain. */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { multiply, reduce, reshape, sizeOf, subtract } from "./primitives.ts";

/**
 * y = gain x / sqrt(mean(x²) + epsilon) along the last dimension: x [..., D], gain [D]. On [B, H, T, D] it normalises
 * each head alone, as Qwen3 does with queries and keys.
 *
 * @source Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), eq. 4
 */
export function rmsNorm(graph: Graph, x: GraphTensor, gain: GraphTensor, epsilon: number): GraphTensor {
  const width = x.shape.at(-1) ?? 0;
  if (x.shape.length < 2 || gain.shape.length !== 1 || gain.shape[0] !== width) {
    throw new ShapeError("rmsNorm", [x, gain], "x [..., D] and gain [D]");
  }
  const [y, inverseRms] = graph.node("SimplifiedLayerNormalization", [x, gain], {
    shapes: [x.shape, [...x.shape.slice(0, -1), 1]],
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
  }) as readonly [GraphTensor, GraphTensor]; // two shapes give two outputs
  return graph.record(y, [x, gain], (dy) => {
    const normalised = multiply(graph, x, inverseRms);
    return [
      () => {
        const scaled = multiply(graph, dy, gain);
        const along = reduce(graph, "ReduceMean", multiply(graph, scaled, normalised), -1);
        return multiply(graph, inverseRms, subtract(graph, scaled, multiply(graph, normalised, along)));
      },
      () => {
        const rows = reshape(graph, multiply(graph, dy, normalised), [sizeOf(x.shape) / width, width]);
        return reshape(graph, reduce(graph, "ReduceSum", rows, 0), [width]);
      },
    ];
  });
}
