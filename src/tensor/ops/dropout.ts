/**
 * Which features dropout leaves in, from a little noise: one 32-bit integer a row and one a column.
 * A feature's draw is their sum, modulo 2^32 as integers overflow. For uniform noise every draw is uniform and any three
 * are independent, so means and variances are those of a draw of its own for each; and a draw is one addition, the
 * same in both directions, which no generator inside the graph could promise.
 */

import { createRandom } from "../../core/random.ts";
import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { add } from "./primitives.ts";

/** Dropout of a [N, D] tensor. */
export interface Dropout {
  /** int32 [N, 1], uniform. */
  readonly rows: GraphTensor;
  /** int32 [1, D], uniform. */
  readonly columns: GraphTensor;
  /** The chance to be left out, from 0 to below 1. */
  readonly rate: number;
}

/** Fills the noise of any number of dropouts, uniform over the 32-bit integers. */
export function fillNoise(noise: Int32Array, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < noise.length; i++) noise[i] = random.integer(2 ** 32) - 2 ** 31;
}

/** True where a feature stays, [N, D]. */
export function keepMask(graph: Graph, { rows, columns, rate }: Dropout): GraphTensor {
  const draws = add(graph, rows, columns);
  const least = graph.constant(`dropout ${rate}`, [], Int32Array.of(Math.round(rate * 2 ** 32) - 2 ** 31));
  return graph.node("GreaterOrEqual", [draws, least], { shapes: [draws.shape], type: "bool" })[0] ?? draws;
}

/** x where `keep` is true, 0 elsewhere. Inverted dropout also divides by 1 - rate: a factor for the product that reads it. */
export function keepOnly(graph: Graph, x: GraphTensor, keep: GraphTensor): GraphTensor {
  if (x.shape.join() !== keep.shape.join()) throw new ShapeError("keepOnly", [x, keep], "equal shapes");
  return graph.node("Where", [keep, x, graph.scalar(0)], { shapes: [x.shape] })[0] ?? x;
}
