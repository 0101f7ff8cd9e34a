/** Products through 8-bit integers beside the same by 32-bit floats, forwards and back. */

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { ShapeError } from "../errors.ts";
import { flatGradient, flatParameters, layOut } from "../flat-parameters.ts";
import { Graph, type GraphTensor } from "../graph.ts";
import { openSession } from "../session.ts";
import { type Int8Matrix, int8Product } from "./int8-product.ts";
import { linear, loraLinear, type Weight } from "./linear.ts";
import { multiply, total } from "./primitives.ts";

const [ROWS, INTO, OUT, RANK] = [24, 96, 64, 4];
const random = createRandom(5);
const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
/** Rows of unlike size, one with an outlier, and one of zeros. */
const X = normals(ROWS * INTO).map((value, i) => value * 10 ** (Math.floor(i / INTO) % 5) * (i < INTO ? 0 : 1));
X[3 * INTO + 7] = 40_000;
const W = normals(OUT * INTO).map((value, i) => value * (1 + (Math.floor(i / INTO) % 3)));
const UPSTREAM = normals(ROWS * OUT);
const LORA = { a: normals(RANK * INTO), b: normals(OUT * RANK) };

describe("a product through 8-bit integers", () => {
  it("differs from that by floats, forwards and back, by less than two hundredths of its length", async () => {
    const [floats, integers] = [await compute(floatWeight, linear), await compute(int8Weight, linear)];
    for (const part of ["y", "x"] as const) {
      expect(distance(integers[part], floats[part]), part).toBeLessThan(0.02);
      expect(distance(integers[part], floats[part]), part).toBeGreaterThan(1e-4);
    }
  });

  it("makes nothing of a row of zeros", async () => {
    const { y } = await compute(int8Weight, linear);
    expect([...y.subarray(0, OUT)]).toEqual(new Array(OUT).fill(0));
  });

  it("is exact where numbers are whole steps", async () => {
    const whole = (count: number) =>
      Float32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 127 : (i % 255) - 127));
    const [x, w] = [whole(4 * 9), whole(5 * 9)];
    const graph = new Graph();
    const y = linear(graph, graph.constant("x", [4, 9], x), int8Constant(graph, w, [5, 9]));
    const session = await openSession(graph.compile({ y }), { threads: 1 });
    await session.run();
    const expected = Array.from({ length: 20 }, (_, i) => {
      const [row, column] = [Math.floor(i / 5), i % 5];
      return Array.from({ length: 9 }, (_, k) => (x[row * 9 + k] ?? 0) * (w[column * 9 + k] ?? 0)).reduce(
        (a, b) => a + b,
      );
    });
    session.output("y", Float32Array).forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? 0)) / 127 ** 2).toBeLessThan(1e-4);
    });
    await session.close();
  });

  it("sends gradients to LoRA matrices beside it that point where those by floats do", async () => {
    const adapted: Apply = (graph, x, w, { a, b }) => loraLinear(graph, x, w, { a, b, scale: 2 });
    const [floats, integers] = [await compute(floatWeight, adapted), await compute(int8Weight, adapted)];
    // The gradients of A and B do not pass through the matrix.
    expect(distance(integers.a, floats.a)).toBeLessThan(1e-6);
    expect(distance(integers.b, floats.b)).toBeLessThan(1e-6);
    expect(distance(integers.x, floats.x)).toBeLessThan(0.02);
  });

  it("gives the same bits with one thread and with two, and again", async () => {
    const one = await compute(int8Weight, linear);
    expect(await compute(int8Weight, linear, 2)).toEqual(one);
    expect(await compute(int8Weight, linear)).toEqual(one);
  });

  it("rounds once what several products read", () => {
    const graph = new Graph();
    const x = graph.constant("x", [ROWS, INTO], X);
    const ys = [1, 2].map(() => linear(graph, x, int8Constant(graph, W, [OUT, INTO])));
    const { model } = graph.compile({ first: ys[0] ?? x, second: ys[1] ?? x });
    const rounded = Buffer.from(model)
      .toString("latin1")
      .match(/QuantizeLinear \d+/g);
    expect(new Set(rounded).size).toBe(1);
  });

  it("is refused for shapes that do not fit, with their names", () => {
    const graph = new Graph();
    const x = graph.input("x", [5, 3]);
    const values = graph.input("q_proj forwards", [4, 2], "int8");
    const scales = graph.input("q_proj scales", [2]);
    expect(() => int8Product(graph, x, { values, scales })).toThrow(ShapeError);
    expect(() => int8Product(graph, x, { values, scales })).toThrow(
      "int8Product cannot take x [5, 3] and q_proj forwards [4, 2] and q_proj scales [2]; it needs x [N, in], values [in, out] and scales [out].",
    );
    expect(() => linear(graph, x, int8Constant(graph, W, [OUT, INTO]))).toThrow(
      "linear cannot take x [5, 3] and w [64, 96]",
    );
  });
});

type Apply = (graph: Graph, x: GraphTensor, w: Weight, lora: { a: GraphTensor; b: GraphTensor }) => GraphTensor;
type MakeWeight = (graph: Graph) => Weight;

const floatWeight: MakeWeight = (graph) => graph.constant("w", [OUT, INTO], W);
const int8Weight: MakeWeight = (graph) => int8Constant(graph, W, [OUT, INTO]);

/** y, and the gradients of the sum of y x upstream. */
async function compute(weight: MakeWeight, apply: Apply, threads = 1) {
  const graph = new Graph();
  const layout = layOut({ x: [ROWS, INTO], a: [RANK, INTO], b: [OUT, RANK] });
  const parameters = flatParameters(graph, layout);
  const named = (name: string): GraphTensor => parameters.get(name) as GraphTensor; // in the layout
  const y = apply(graph, named("x"), weight(graph), { a: named("a"), b: named("b") });
  const upstream = graph.constant("upstream", y.shape, UPSTREAM);
  const loss = graph.record(total(graph, multiply(graph, y, upstream)), [y], (d) => [
    () => multiply(graph, upstream, d),
  ]);
  const session = await openSession(graph.compile({ y, gradient: flatGradient(graph, loss, parameters) }), { threads });
  session.input("parameters", Float32Array).set([...X, ...LORA.a, ...LORA.b]);
  await session.run();
  const gradient = session.output("gradient", Float32Array).slice();
  const found = { y: session.output("y", Float32Array).slice() };
  await session.close();
  const [x, a] = [ROWS * INTO, ROWS * INTO + RANK * INTO];
  return { ...found, x: gradient.subarray(0, x), a: gradient.subarray(x, a), b: gradient.subarray(a) };
}

/** A weight as constants: each way rounded by the largest magnitude of its columns. */
function int8Constant(graph: Graph, w: Float32Array, [out, into]: readonly [number, number]): Int8Matrix {
  const factor = (
    name: string,
    [rows, columns]: readonly [number, number],
    at: (row: number, column: number) => number,
  ) => {
    const scales = Float32Array.from({ length: columns }, (_, column) => {
      return Math.max(...Array.from({ length: rows }, (_, row) => Math.abs(at(row, column)))) / 127;
    });
    const values = Int8Array.from({ length: rows * columns }, (_, i) => {
      const column = i % columns;
      return Math.round(at(Math.floor(i / columns), column) / (scales[column] || 1));
    });
    return {
      values: graph.constant(name, [rows, columns], values),
      scales: graph.constant(`${name} scales`, [columns], scales),
    };
  };
  return {
    name: "w",
    shape: [out, into],
    forwards: factor("forwards", [into, out], (row, column) => w[column * into + row] ?? 0),
    backwards: factor("backwards", [out, into], (row, column) => w[row * into + column] ?? 0),
  };
}

/** The length of a difference, relative to what is expected. */
function distance(found: Float32Array, expected: Float32Array): number {
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(found.map((value, i) => value - (expected[i] ?? 0))) / squares(expected));
}
