/** Compares the gradients of an operation with finite differences; for tests. */

import { createRandom } from "../core/random.ts";
import { flatGradient, flatParameters, layOut } from "./flat-parameters.ts";
import { Graph, type GraphTensor } from "./graph.ts";
import { multiply, sizeOf, total } from "./ops/primitives.ts";
import { openSession } from "./session.ts";

export interface GradientCheck {
  /** Tensors to differentiate by: names and shapes; their values are drawn from the standard normal distribution. */
  readonly by: Readonly<Record<string, readonly number[]>>;
  /** The operation under test. */
  readonly build: (graph: Graph, tensor: (name: string) => GraphTensor) => GraphTensor;
}

/**
 * The largest difference between an element of the gradient of sum(c y), c random, and its central difference,
 * relative to the largest element of the gradient.
 */
export async function worstGradientError({ by, build }: GradientCheck): Promise<number> {
  const graph = new Graph();
  const layout = layOut(by);
  const parameters = flatParameters(graph, layout);
  const y = build(graph, (name) => parameters.get(name) ?? graph.scalar(Number.NaN));
  const random = createRandom(11);
  const normals = (length: number): Float32Array<ArrayBuffer> => Float32Array.from({ length }, () => random.normal());
  const shares = normals(sizeOf(y.shape));
  const weights = graph.constant("check", y.shape, shares);
  const sum = graph.record(total(graph, multiply(graph, y, weights)), [y], (d) => [() => multiply(graph, weights, d)]);
  const session = await openSession(graph.compile({ y, gradient: flatGradient(graph, sum, parameters) }), {
    threads: 1,
  });
  const [x, output] = [session.input("parameters", Float32Array), session.output("y", Float32Array)];
  x.set(normals(x.length));
  await session.run();
  const gradient = session.output("gradient", Float32Array).slice();
  // Summed here, in 64 bits, so that only the operation itself is rounded to 32.
  const valueAt = async (i: number, value: number): Promise<number> => {
    x[i] = value;
    await session.run();
    return output.reduce((result, element, j) => result + element * (shares[j] ?? 0), 0);
  };
  let worst = 0;
  for (let i = 0; i < x.length; i++) {
    const at = x[i] ?? 0;
    const difference = ((await valueAt(i, at + STEP)) - (await valueAt(i, at - STEP))) / (2 * STEP);
    x[i] = at;
    worst = Math.max(worst, Math.abs(difference - (gradient[i] ?? Number.NaN)));
  }
  await session.close();
  return worst / Math.max(...gradient.map(Math.abs));
}

const STEP = 1 / 128;
