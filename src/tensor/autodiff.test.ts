/** How gradients flow through a graph as a whole. */

import { expect, it } from "vitest";
import { checkpoint, gradients } from "./autodiff.ts";
import { flatGradient, flatParameters, flatSize, layOut } from "./flat-parameters.ts";
import { Graph, type GraphTensor } from "./graph.ts";
import { linear, residual } from "./ops/linear.ts";
import { multiply, total } from "./ops/primitives.ts";
import { swiglu } from "./ops/swiglu.ts";
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

it("gives the same gradients through a checkpoint, also to what its body reads beside its input", async () => {
  const gradientOf = async (
    wrap: (graph: Graph, x: GraphTensor, body: (x: GraphTensor) => GraphTensor) => GraphTensor,
  ) => {
    const graph = new Graph();
    const parameters = flatParameters(graph, layOut({ x: [4, 3], w: [3, 3], v: [3, 3] }));
    const [x, w, v] = ["x", "w", "v"].map((name) => parameters.get(name)) as [GraphTensor, GraphTensor, GraphTensor]; // named in the layout
    const body = (h: GraphTensor): GraphTensor => swiglu(graph, linear(graph, h, w), linear(graph, h, v));
    const y = wrap(graph, wrap(graph, x, body), body);
    const session = await openSession(graph.compile({ gradient: flatGradient(graph, sum(graph, y), parameters) }));
    session.input("parameters", Float32Array).forEach((_, i, all) => {
      all[i] = Math.sin(i);
    });
    await session.run();
    const gradient = session.output("gradient", Float32Array).slice();
    await session.close();
    return gradient;
  };
  const plain = await gradientOf((_, x, body) => body(x));
  expect(plain.some((value) => value !== 0)).toBe(true);
  expect(await gradientOf(checkpoint)).toEqual(plain);
});

it("keeps operations on frozen tensors off the tape", () => {
  const graph = new Graph();
  linear(graph, graph.input("x", [4, 3]), graph.input("w", [2, 3]));
  expect(graph.tape).toEqual([]);
});
