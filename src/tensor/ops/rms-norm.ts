/** Root-mean-square normalisation of rows, with a gain. */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { multiply, reduce, reshape, subtract } from "./primitives.ts";

/**
 * y = gain x / sqrt(mean(x²) + epsilon): x [N, D], gain [D].
 *
 * @source Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), eq. 4
 */
export function rmsNorm(graph: Graph, x: GraphTensor, gain: GraphTensor, epsilon: number): GraphTensor {
  const [rows = 0, width = 0] = x.shape;
  if (x.shape.length !== 2 || gain.shape.length !== 1 || gain.shape[0] !== width) {
    throw new ShapeError("rmsNorm", [x, gain], "x [N, D] and gain [D]");
  }
  const [y, inverseRms] = graph.node("SimplifiedLayerNormalization", [x, gain], {
    shapes: [x.shape, [rows, 1]],
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
      () => reshape(graph, reduce(graph, "ReduceSum", multiply(graph, dy, normalised), 0), [width]),
    ];
  });
}
