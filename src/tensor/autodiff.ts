/**
 * Reverse-mode differentiation: walks the tape backwards and adds to the graph the nodes that compute gradients.
 * A tensor that is used twice gets the sum of what flows back from both uses.
 */

import type { Graph, GraphTensor, TapeEntry } from "./graph.ts";
import { add } from "./ops/primitives.ts";

/**
 * The gradients of a scalar `loss` with respect to `tensors`, each shaped as its tensor.
 * A tensor that the loss does not depend on gets zeros.
 */
export function gradients(graph: Graph, loss: GraphTensor, tensors: readonly GraphTensor[]): GraphTensor[] {
  const flowing = flowBack(graph, graph.tape, { output: loss, gradient: graph.scalar(1) });
  return tensors.map((tensor) => flowing.get(tensor.name) ?? zeros(graph, tensor.shape));
}

/**
 * `body` of x with less memory: of all that it computes only x and the result are kept for the way back, and there it
 * is computed again. Gradients also flow to what `body` reads beside x.
 *
 * @param body  must add the same operations each time; it is called once forwards and once backwards
 * @source Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), §4.1
 */
export function checkpoint(graph: Graph, x: GraphTensor, body: (x: GraphTensor) => GraphTensor): GraphTensor {
  const forwards = offTape(graph, () => body(x));
  const made = new Set(forwards.entries.map(({ output }) => output.name));
  const read = forwards.entries.flatMap(({ inputs }) => inputs).filter((input) => graph.needsGradient(input));
  const outside = new Map(read.filter(({ name }) => !made.has(name)).map((tensor) => [tensor.name, tensor]));
  const inputs = [...outside.values()];
  return graph.record(forwards.output, inputs, (gradient) => {
    const again = offTape(graph, () => body(x));
    const flowing = flowBack(graph, again.entries, { output: again.output, gradient });
    return inputs.map((input) => () => flowing.get(input.name) ?? zeros(graph, input.shape));
  });
}

/** What `entries` send back from the gradient of `output`, by the name of the tensor. */
function flowBack(
  graph: Graph,
  entries: readonly TapeEntry[],
  from: { readonly output: GraphTensor; readonly gradient: GraphTensor },
): ReadonlyMap<string, GraphTensor> {
  const flowing = new Map<string, GraphTensor>([[from.output.name, from.gradient]]);
  for (const { output, inputs, backward } of entries.toReversed()) {
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
  return flowing;
}

/** Takes what `build` records off the tape again. */
function offTape(graph: Graph, build: () => GraphTensor): { output: GraphTensor; entries: readonly TapeEntry[] } {
  const start = graph.tape.length;
  const output = build();
  return { output, entries: graph.tape.splice(start) };
}

function zeros(graph: Graph, shape: readonly number[]): GraphTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return graph.constant(`zeros ${shape.join(" ")}`, shape, new Float32Array(size));
}
