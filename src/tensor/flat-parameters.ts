/**
 * Many parameter tensors as one flat vector: an optimizer sees one array, the graph sees named tensors.
 */

import type { ParameterTensor } from "../contracts/models.ts";
import { gradients } from "./autodiff.ts";
import type { Graph, GraphTensor } from "./graph.ts";
import { concatenate, reshape, sizeOf, split } from "./ops/primitives.ts";

/** Lays tensors end to end in the given order. */
export function layOut(tensors: Readonly<Record<string, readonly number[]>>): ParameterTensor[] {
  let offset = 0;
  return Object.entries(tensors).map(([name, shape]) => {
    const tensor = { name, shape, offset };
    offset += sizeOf(shape);
    return tensor;
  });
}

/** Elements that a layout covers. */
export function flatSize(layout: readonly ParameterTensor[]): number {
  const last = layout.at(-1);
  return last ? last.offset + sizeOf(last.shape) : 0;
}

/** An input `parameters` [P] of the graph, cut into the tensors of `layout`, all of which require gradients. */
export function flatParameters(graph: Graph, layout: readonly ParameterTensor[]): ReadonlyMap<string, GraphTensor> {
  const flat = graph.input("parameters", [flatSize(layout)]);
  const pieces = split(
    graph,
    flat,
    layout.map(({ shape }) => sizeOf(shape)),
  );
  return new Map(
    layout.map(({ name, shape }, i) => {
      const tensor = reshape(graph, pieces[i] ?? flat, shape);
      graph.requireGradient(tensor);
      return [name, tensor];
    }),
  );
}

/** The gradient of `loss` as one vector [P], laid out as the parameters are. */
export function flatGradient(
  graph: Graph,
  loss: GraphTensor,
  parameters: ReadonlyMap<string, GraphTensor>,
): GraphTensor {
  const each = gradients(graph, loss, [...parameters.values()]);
  return concatenate(
    graph,
    each.map((gradient) => reshape(graph, gradient, [sizeOf(gradient.shape)])),
  );
}
