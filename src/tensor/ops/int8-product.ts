/**
 * Products with frozen matrices through a processor's units for 8-bit integers. What is multiplied is rounded row by row,
 * to unsigned integers about 128; matrices were rounded column by column, to signed ones. The product is exact, in 32-bit
 * integers, and both scales are put back. Gradients flow as if nothing were rounded, and are rounded on their own way.
 */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { multiply, reduce, reshape } from "./primitives.ts";

/** A matrix of integers; column i stands for `scales[i]` times as much. */
export interface Int8Factor {
  /** [in, out], int8. */
  readonly values: GraphTensor;
  /** [out]. */
  readonly scales: GraphTensor;
}

/** A weight W, rounded twice: by output features for the way forwards, and by input features for the way back. */
export interface Int8Matrix {
  readonly name: string;
  /** [out, in]. */
  readonly shape: readonly number[];
  /** Wᵀ, [in, out]. */
  readonly forwards: Int8Factor;
  /** W, [out, in]. */
  readonly backwards: Int8Factor;
}

const ZERO = 128;
const LARGEST = 127;
/** The least magnitude that a row is rounded by: the scale of a row of zeros is above zero. */
const SMALLEST_PEAK = 1e-30;

/** x F: x [N, in], F [in, out], [N, out]. Each row of x is rounded to steps of its largest magnitude / 127. */
export function int8Product(graph: Graph, x: GraphTensor, { values, scales }: Int8Factor): GraphTensor {
  const [rows = 0, into] = x.shape;
  const [inner, out = 0] = values.shape;
  if (x.shape.length !== 2 || into !== inner || scales.shape.join() !== `${out}`) {
    throw new ShapeError("int8Product", [x, values, scales], "x [N, in], values [in, out] and scales [out]");
  }
  const steps = graph.once(`steps of ${x.name}`, () => stepsOf(graph, x));
  const rounded = graph.once(`rounded ${x.name}`, () => rowsBySteps(graph, x, steps));
  const zero = graph.constant("int8 zero", [], Uint8Array.of(ZERO));
  const inputs = [rounded, values, graph.scalar(1), scales, zero];
  return multiply(graph, node(graph, "MatMulIntegerToFloat", inputs, { shapes: [[rows, out]] }), steps);
}

/** The step of each row, [N, 1]. By the largest and the smallest number: a pass for magnitudes would be one more. */
function stepsOf(graph: Graph, x: GraphTensor): GraphTensor {
  const [highest, lowest] = [reduce(graph, "ReduceMax", x, 1), reduce(graph, "ReduceMin", x, 1)];
  const shapes = [highest.shape];
  const peak = node(graph, "Max", [highest, node(graph, "Neg", [lowest], { shapes }), graph.scalar(SMALLEST_PEAK)], {
    shapes,
  });
  return multiply(graph, peak, graph.scalar(1 / LARGEST));
}

function rowsBySteps(graph: Graph, x: GraphTensor, steps: GraphTensor): GraphTensor {
  const [rows = 0] = x.shape;
  const zeros = graph.constant(`int8 zeros ${rows}`, [rows], new Uint8Array(rows).fill(ZERO));
  return node(graph, "QuantizeLinear", [x, reshape(graph, steps, [rows]), zeros], {
    ...{ shapes: [x.shape], type: "uint8", attributes: { axis: 0 } },
  });
}

function node(
  graph: Graph,
  op: string,
  inputs: readonly GraphTensor[],
  options: Parameters<Graph["node"]>[2],
): GraphTensor {
  const [output] = graph.node(op, inputs, options) as readonly [GraphTensor]; // one shape gives one output
  return output;
}
