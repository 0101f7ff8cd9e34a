/** Sessions in a thread of their own: results, errors and their end. */

import { expect, it } from "vitest";
import { SessionError } from "./errors.ts";
import { Graph } from "./graph.ts";
import { gatherRows, matmul } from "./ops/primitives.ts";
import { openThreadSession } from "./thread-session.ts";

const SIZE = 512;

it("computes what the graph says, run after run, in the same arrays", async () => {
  const graph = new Graph();
  const c = matmul(graph, graph.input("a", [1, 2]), graph.input("b", [2, 1]));
  await using session = await openDisposable(graph, { c });
  session.input("a", Float32Array).set([2, 3]);
  session.input("b", Float32Array).set([10, 100]);
  const output = session.output("c", Float32Array);
  await session.run();
  expect(output[0]).toBe(320);
  session.input("a", Float32Array).set([1, 1]);
  await session.run();
  expect(output[0]).toBe(110);
});

it("reads a tensor of more than 2 GB where it lies, and copies none of it", async () => {
  const graph = new Graph();
  const [rows, columns] = [540_000, 1024];
  const table = graph.input("table", [rows, columns]);
  const row = gatherRows(graph, table, graph.constant("last", [1], Int32Array.of(rows - 1)));
  const compiled = graph.compile({ row });
  expect(compiled.model.byteLength).toBeLessThan(1000);
  // Pages that nobody writes take no memory.
  const values = new Float32Array(new SharedArrayBuffer(4 * rows * columns));
  values[values.length - 1] = 7;
  const before = process.memoryUsage.rss();
  const session = await openThreadSession(compiled, { threads: 1, inputs: { table: values } });
  await session.run();
  expect(session.output("row", Float32Array).at(-1)).toBe(7);
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29);
  await session.close();
});

it("leaves the event loop free while it computes", async () => {
  const graph = new Graph();
  const a = graph.input("a", [SIZE, SIZE]);
  let c = a;
  for (let i = 0; i < 20; i++) c = matmul(graph, c, a);
  await using session = await openDisposable(graph, { c });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await session.run();
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(1);
});

it("shares an input's memory with another session", async () => {
  const inputs = { a: new Float32Array(new SharedArrayBuffer(4)) };
  const open = (): ReturnType<typeof openDisposable> => {
    const graph = new Graph();
    const a = graph.input("a", [1, 1]);
    return openDisposable(graph, { c: matmul(graph, a, a) }, inputs);
  };
  await using first = await open();
  await using second = await open();
  inputs.a[0] = 3;
  await Promise.all([first.run(), second.run()]);
  expect([first, second].map((session) => session.output("c", Float32Array)[0])).toEqual([9, 9]);
});

it("refuses to run after close, closes twice in peace, and names its inputs when asked for another", async () => {
  const graph = new Graph();
  const a = graph.input("a", [1, 1]);
  const session = await openThreadSession(graph.compile({ c: matmul(graph, a, a) }));
  expect(() => session.input("b", Float32Array)).toThrow("it has a");
  await session.close();
  await session.close();
  await expect(session.run()).rejects.toThrow(SessionError);
});

it("fails to open a graph that ONNX Runtime refuses, with its reason", async () => {
  const graph = new Graph();
  const [c] = graph.node("NoSuchOperator", [graph.input("a", [1])], { shapes: [[1]] });
  if (!c) throw new Error("one shape gives one output");
  await expect(openThreadSession(graph.compile({ c }))).rejects.toThrow(/NoSuchOperator/);
});

async function openDisposable(
  graph: Graph,
  outputs: Parameters<Graph["compile"]>[0],
  inputs: Record<string, Float32Array> = {},
) {
  const session = await openThreadSession(graph.compile(outputs), { inputs });
  return { ...session, [Symbol.asyncDispose]: () => session.close() };
}
