/** Looking up rows of a table by token ids. */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import { gatherRows, scatterRows } from "./primitives.ts";

/** Row `ids[i]` of `table` [V, D] for every i: [N, D]. The ids get no gradient. */
export function embedding(graph: Graph, table: GraphTensor, ids: GraphTensor): GraphTensor {
  if (table.shape.length !== 2 || ids.shape.length !== 1) {
    throw new ShapeError("embedding", [table, ids], "table [V, D] and ids [N]");
  }
  return graph.record(gatherRows(graph, table, ids), [table], (dy) => [() => scatterRows(graph, ids, dy, table.shape)]);
}
