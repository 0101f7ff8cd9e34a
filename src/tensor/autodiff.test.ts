/** How gradients flow through a graph as a whole. */

import { expect, it } from "vitest";
import { gradients } from "./autodiff.ts";
import { flatGradient, flatParameters, flatSize, layOut } from "./flat-parameters.ts";
import { Graph, type GraphTensor } from "./graph.ts";
import { linear, residual } from "./ops/linear.ts";
import { multiply, total } from "./ops/primitives.ts";
import { openSession } from "./session.ts";

/** The sum of all elements, with a gradient. */
function sum(graph: Graph, x: GraphTensor): GraphTensor {
  const ones = graph.constant("ones", x.shape, new Float32Array(x.shape.reduce((a, b) => a * b, 1)).fill(1));
  return graph.record(total(graph, x), [x], (d) => [() => multiply(graph, ones, d)]);
}

it("sums what flows back from every use of a tensor, and gives zeros to an unused one", async () => {
  const graph = new Graph();
  const layout = layOut({ x: [1, 2], unused: [3] });
  const parameters = flatParameters(graph, layout);
  const x = parameters.get("x") as GraphTensor; // named in the layout
  const loss = sum(graph, residual(graph, x, residual(graph, x, x)));
  const session = await openSession(graph.compile({ gradient: flatGradient(graph, loss, parameters) }), { threads: 1 });
  await session.run();
  expect([...session.output("gradient", Float32Array)]).toEqual([3, 3, 0, 0, 0]);
  expect(flatSize(layout)).toBe(5);
  await session.close();
});

it("adds no nodes for what no gradient was asked for", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", [4, 3]), graph.input("w", [2, 3])];
  graph.requireGradient(x);
  let asked = 0;
  const y = graph.record(linear(graph, x, w), [x, w], () => [
    () => x,
    () => {
      asked++;
      return w;
    },
  ]);
  gradients(graph, y, [x]);
  expect(asked).toBe(0);
});

it("keeps operations on frozen tensors off the tape", () => {
  const graph = new Graph();
  linear(graph, graph.input("x", [4, 3]), graph.input("w", [2, 3]));
  expect(graph.tape).toEqual([]);
});
