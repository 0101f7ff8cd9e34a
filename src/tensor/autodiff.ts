/**
 * Reverse-mode differentiation: walks the tape backwards and adds to the graph the nodes that compute gradients.
 * A tensor that is used twice gets the sum of what flows back from both uses.
 */

import type { Graph, GraphTensor } from "./graph.ts";
import { add } from "./ops/primitives.ts";

/**
 * The gradients of a scalar `loss` with respect to `tensors`, each shaped as its tensor.
 * A tensor that the loss does not depend on gets zeros.
 */
export function gradients(graph: Graph, loss: GraphTensor, tensors: readonly GraphTensor[]): GraphTensor[] {
  const flowing = new Map<string, GraphTensor>([[loss.name, graph.scalar(1)]]);
  for (const { output, inputs, backward } of graph.tape.toReversed()) {
    const outputGradient = flowing.get(output.name);
    if (!outputGradient) continue;
    flowing.delete(output.name);
    const inputGradients = backward(outputGradient);
    inputs.forEach((input, i) => {
      const gradient = graph.needsGradient(input) ? inputGradients[i]?.() : undefined;
      if (!gradient) return;
      const earlier = flowing.get(input.name);
      flowing.set(input.name, earlier ? add(graph, earlier, gradient) : gradient);
    });
  }
  return tensors.map((tensor) => flowing.get(tensor.name) ?? zeros(graph, tensor.shape));
}

function zeros(graph: Graph, shape: readonly number[]): GraphTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return graph.constant(`zeros ${shape.join(" ")}`, shape, new Float32Array(size));
}
