/**
 * The language-model head and its loss as one operation, so that [N, V] tensors exist only a chunk of rows at a time
 * and no one-hot targets exist at all.
 */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";
import {
  add,
  concatenate,
  gatherRows,
  map,
  matmul,
  multiply,
  reduce,
  scatterRows,
  softmax,
  split,
  subtract,
  total,
} from "./primitives.ts";

export interface CrossEntropyInputs {
  /** Hidden states [N, D]. */
  readonly x: GraphTensor;
  /** The head's weights [V, D]; the embedding table when the two are tied. */
  readonly table: GraphTensor;
  /** The right ids [N], int32. */
  readonly targets: GraphTensor;
  /** Each row's share of the loss [N, 1]. */
  readonly weights: GraphTensor;
}

/** What one chunk of rows leaves for the way back. */
interface Chunk {
  readonly x: GraphTensor;
  readonly weights: GraphTensor;
  readonly targets: GraphTensor;
  readonly probabilities: GraphTensor;
  readonly targetRows: GraphTensor;
}

/**
 * The sum over rows of weight x negative log-likelihood of the target under softmax(x tableᵀ), in nats; no dimensions.
 *
 * @param chunkRows  rows whose [rows, V] logits are held at once
 */
export function crossEntropy(graph: Graph, inputs: CrossEntropyInputs, chunkRows = 512): GraphTensor {
  const { x, table, targets, weights } = inputs;
  const rows = x.shape[0] ?? 0;
  if (x.shape[1] !== table.shape[1] || targets.shape.join() !== `${rows}` || weights.shape.join() !== `${rows},1`) {
    throw new ShapeError(
      "crossEntropy",
      [x, table, targets, weights],
      "x [N, D], table [V, D], targets [N], weights [N, 1]",
    );
  }
  const lengths = Array.from({ length: Math.ceil(rows / chunkRows) }, (_, i) =>
    Math.min(chunkRows, rows - i * chunkRows),
  );
  const [xs, targetPieces, weightPieces] = [x, targets, weights].map((tensor) => split(graph, tensor, lengths));
  const losses: GraphTensor[] = [];
  const chunks = lengths.map((_, i): Chunk => {
    const chunk = { x: xs?.[i], targets: targetPieces?.[i], weights: weightPieces?.[i] } as Pick<
      Chunk,
      "x" | "targets" | "weights"
    >; // one piece a length
    const { probabilities, targetRows, loss } = chunkLoss(graph, chunk, table);
    losses.push(loss);
    return { ...chunk, probabilities, targetRows };
  });
  const loss = losses.reduce((sum, each) => add(graph, sum, each));
  return graph.record(loss, [x, table], (dy) => [
    () =>
      concatenate(
        graph,
        chunks.map((chunk) => hiddenGradient(graph, chunk, table, dy)),
      ),
    () => chunks.map((chunk) => tableGradient(graph, chunk, table, dy)).reduce((sum, each) => add(graph, sum, each)),
  ]);
}

function chunkLoss(
  graph: Graph,
  { x, targets, weights }: Pick<Chunk, "x" | "targets" | "weights">,
  table: GraphTensor,
) {
  const logits = matmul(graph, x, table, { transposeB: true });
  const probabilities = softmax(graph, logits);
  const targetRows = gatherRows(graph, table, targets);
  const targetLogit = reduce(graph, "ReduceSum", multiply(graph, x, targetRows), -1);
  // -log p(target) = max logit - log p(max) - target logit: finite even where p(target) underflows.
  const peak = subtract(
    graph,
    reduce(graph, "ReduceMax", logits, -1),
    map(graph, "Log", reduce(graph, "ReduceMax", probabilities, -1)),
  );
  const loss = total(graph, multiply(graph, weights, subtract(graph, peak, targetLogit)));
  return { probabilities, targetRows, loss };
}

/** d loss / d x = weight (p table - table[target]). */
function hiddenGradient(graph: Graph, chunk: Chunk, table: GraphTensor, dy: GraphTensor): GraphTensor {
  const expected = matmul(graph, chunk.probabilities, table);
  return multiply(graph, multiply(graph, chunk.weights, dy), subtract(graph, expected, chunk.targetRows));
}

/** d loss / d table = pᵀ (weight x), less weight x at the target's row. */
function tableGradient(graph: Graph, chunk: Chunk, table: GraphTensor, dy: GraphTensor): GraphTensor {
  const weighted = multiply(graph, chunk.x, multiply(graph, chunk.weights, dy));
  const towards = matmul(graph, chunk.probabilities, weighted, { transposeA: true });
  return subtract(graph, towards, scatterRows(graph, chunk.targets, weighted, table.shape));
}
