/**
 * Every operation of `src/tensor`: its values and gradients against PyTorch in 64 bits and against finite differences,
 * and what it says of shapes that do not fit. An operation that the door exports and that is not here fails.
 */

import { describe, expect, it } from "vitest";
import { worstGradientError } from "../../src/tensor/gradient-check.ts";
import * as tensor from "../../src/tensor/index.ts";
import { BUILDERS, type BuildOp, CASES, type OpCase, opOf, type StoredValues } from "./op-cases.ts";
import { REFUSALS } from "./op-refusals.ts";

/** Of the largest element of a tensor; the measured worst is 3e-7. */
const TOLERANCE = 1e-5;
/** What the door exports beside operations. */
const NO_OPERATIONS = [
  ...["Graph", "ShapeError", "SessionError", "encodeWeight", "fillNoise", "ropeFrequencies"],
  ...["gradients", "flatGradient", "flatParameters", "flatSize", "layOut", "openSession", "openThreadSession"],
];
/** Operations on one tensor of any shape; and what refuses what its body does. */
const REFUSE_NOTHING = ["checkpoint", "primitives.map", "primitives.softmax", "primitives.total"];

const { primitives, ...exported } = tensor;
const operations = [
  ...Object.keys(exported).filter((name) => !NO_OPERATIONS.includes(name)),
  ...Object.keys(primitives).map((name) => `primitives.${name}`),
];
const cases = Object.entries(CASES).map(([name, given]) => ({ name, given }));
const differentiable = cases.filter(({ given }) => given.gradients !== undefined);

/** The case's operation in a graph, of parameters that are its inputs. */
function build(name: string, { inputs, constants, settings }: OpCase) {
  const shapes = Object.fromEntries(Object.entries(inputs).map(([input, { shape }]) => [input, shape]));
  const grow = (graph: tensor.Graph, parameter: (input: string) => tensor.GraphTensor | undefined) => {
    const named = (wanted: string) => parameter(wanted) ?? constant(graph, wanted, constants[wanted]);
    const builder = BUILDERS[opOf(name)] ?? absent<BuildOp>(opOf(name));
    return builder(graph, named, settings);
  };
  return { shapes, grow };
}

function constant(graph: tensor.Graph, name: string, stored = absent<StoredValues>(name)): tensor.GraphTensor {
  const kind = stored.type === "int32" ? Int32Array : Float32Array;
  return graph.constant(name, stored.shape, kind.from(stored.values));
}

function absent<T>(name: string): T {
  throw new Error(`the fixture has no ${name}`);
}

/** Our engine's output of a case, and its gradients of the sum of output x upstream. */
async function compute(name: string, given: OpCase) {
  const graph = new tensor.Graph();
  const { shapes, grow } = build(name, given);
  const layout = tensor.layOut(shapes);
  const parameters = tensor.flatParameters(graph, layout);
  const y = grow(graph, (input) => parameters.get(input));
  const outputs: Record<string, tensor.GraphTensor> = { y };
  if (given.upstream) {
    const upstream = constant(graph, "upstream", given.upstream);
    const product = primitives.total(graph, primitives.multiply(graph, y, upstream));
    const loss = graph.record(product, [y], (d) => [() => primitives.multiply(graph, upstream, d)]);
    outputs["gradient"] = tensor.flatGradient(graph, loss, parameters);
  }
  const session = await tensor.openSession(graph.compile(outputs), { threads: 1 });
  session.input("parameters", Float32Array).set(Object.values(given.inputs).flatMap(({ values }) => values));
  await session.run();
  const output = session.output("y", Float32Array).slice();
  const flat = given.upstream ? session.output("gradient", Float32Array).slice() : new Float32Array();
  await session.close();
  const gradients = layout.map(({ name: input, offset }) => {
    return [input, flat.subarray(offset, offset + (given.inputs[input]?.values.length ?? 0))] as const;
  });
  return { shape: y.shape, output, gradients };
}

/** The largest difference, relative to the largest element that is expected. */
function worstError(found: Float32Array, { values }: StoredValues): number {
  expect(found.length).toBe(values.length);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs((found[i] ?? Number.NaN) - value))) / largest;
}

describe("PyTorch in 64 bits agrees with", () => {
  it.each(cases)("$name", async ({ name, given }) => {
    const { shape, output, gradients } = await compute(name, given);
    expect(shape).toEqual(given.output.shape);
    expect(worstError(output, given.output)).toBeLessThan(TOLERANCE);
    for (const [input, found] of given.gradients ? gradients : []) {
      expect(worstError(found, given.gradients?.[input] ?? absent(input)), input).toBeLessThan(TOLERANCE);
    }
  });
});

describe("finite differences agree with the gradients of", () => {
  it.each(differentiable)("$name", async ({ name, given }) => {
    const { shapes, grow } = build(name, given);
    const isInput = (wanted: string) => Object.hasOwn(shapes, wanted);
    const check = {
      by: shapes,
      build: (graph: tensor.Graph, t: (input: string) => tensor.GraphTensor) =>
        grow(graph, (wanted) => (isInput(wanted) ? t(wanted) : undefined)),
    };
    expect(await worstGradientError(check)).toBeLessThan(5e-4);
  });
});

describe("shapes that do not fit are refused with the operation, the tensors and what is needed by", () => {
  it.each(REFUSALS)("$op: $message", ({ refuse, op, message }) => {
    expect(refuse).toThrow(tensor.ShapeError);
    expect(refuse).toThrow(
      expect.objectContaining({ code: "tensor-shape-mismatch", op: op.replace("primitives.", "") }),
    );
    expect(refuse).toThrow(message);
  });
});

describe("every operation of the door", () => {
  it("is compared with PyTorch", () => {
    expect(operations.filter((op) => !cases.some(({ name }) => opOf(name) === op))).toEqual([]);
    expect(Object.keys(BUILDERS).filter((op) => !operations.includes(op))).toEqual([]);
  });

  it("has gradients that are compared, unless it is a primitive", () => {
    const compared = differentiable.map(({ name }) => opOf(name));
    expect(operations.filter((op) => !op.startsWith("primitives.") && !compared.includes(op))).toEqual([]);
  });

  it("refuses shapes that do not fit", () => {
    const refusing = REFUSALS.map(({ op }) => op);
    expect(operations.filter((op) => !REFUSE_NOTHING.includes(op) && !refusing.includes(op))).toEqual([]);
  });
});
