/**
 * The language-model head and what it says of the right tokens as one operation, so that [N, V] tensors exist only a
 * chunk of rows at a time and no one-hot targets exist at all.
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

export interface HeadInputs {
  /** Hidden states [N, D]. */
  readonly x: GraphTensor;
  /** The head's weights [V, D]; the embedding table when the two are tied. */
  readonly table: GraphTensor;
  /** The right ids [N], int32. */
  readonly targets: GraphTensor;
}

export interface CrossEntropyInputs extends HeadInputs {
  /** Each row's share of the loss [N, 1]. */
  readonly weights: GraphTensor;
}

/** What one chunk of rows leaves for the way back. */
interface Chunk {
  readonly x: GraphTensor;
  readonly targets: GraphTensor;
  readonly probabilities: GraphTensor;
  readonly targetRows: GraphTensor;
}

const CHUNK_ROWS = 512;

/**
 * The sum over rows of weight x negative log-likelihood of the target under softmax(x tableᵀ), in nats; no dimensions.
 *
 * @param chunkRows  rows whose [rows, V] logits are held at once
 */
export function crossEntropy(graph: Graph, inputs: CrossEntropyInputs, chunkRows = CHUNK_ROWS): GraphTensor {
  const { weights } = inputs;
  const found = logProbabilities(graph, inputs, chunkRows);
  if (weights.shape.join() !== found.shape.join()) throw new ShapeError("crossEntropy", [weights], "weights [N, 1]");
  const loss = map(graph, "Neg", total(graph, multiply(graph, weights, found)));
  return graph.record(loss, [found], (dy) => [() => multiply(graph, weights, map(graph, "Neg", dy))]);
}

/** The log-probability of each row's target under softmax(x tableᵀ), in nats: [N, 1]. */
export function logProbabilities(graph: Graph, inputs: HeadInputs, chunkRows = CHUNK_ROWS): GraphTensor {
  const { x, table, targets } = inputs;
  const [rows = 0, width] = x.shape;
  if (
    x.shape.length !== 2 ||
    table.shape.length !== 2 ||
    width !== table.shape[1] ||
    targets.shape.join() !== `${rows}`
  ) {
    throw new ShapeError("logProbabilities", [x, table, targets], "x [N, D], table [V, D] and targets [N]");
  }
  const lengths = Array.from({ length: Math.ceil(rows / chunkRows) }, (_, i) =>
    Math.min(chunkRows, rows - i * chunkRows),
  );
  const targetPieces = split(graph, targets, lengths);
  const chunks = split(graph, x, lengths).map((piece, i) => headOf(graph, piece, table, targetPieces[i] ?? targets));
  const found = concatenate(
    graph,
    chunks.map((chunk) => chunk.found),
  );
  return graph.record(found, [x, table], (dy) => {
    const shares = split(graph, dy, lengths).map((share, i) => [chunks[i], share] as [Chunk, GraphTensor]); // one a length
    return [
      () =>
        concatenate(
          graph,
          shares.map(([chunk, share]) => hiddenGradient(graph, chunk, table, share)),
        ),
      () =>
        shares
          .map(([chunk, share]) => tableGradient(graph, chunk, table, share))
          .reduce((sum, each) => add(graph, sum, each)),
    ];
  });
}

function headOf(graph: Graph, x: GraphTensor, table: GraphTensor, targets: GraphTensor) {
  const logits = matmul(graph, x, table, { transposeB: true });
  const probabilities = softmax(graph, logits);
  const targetRows = gatherRows(graph, table, targets);
  const targetLogit = reduce(graph, "ReduceSum", multiply(graph, x, targetRows), -1);
  // log p(target) = target logit - (max logit - log p(max)): finite even where p(target) underflows.
  const peak = subtract(
    graph,
    reduce(graph, "ReduceMax", logits, -1),
    map(graph, "Log", reduce(graph, "ReduceMax", probabilities, -1)),
  );
  return { x, targets, probabilities, targetRows, found: subtract(graph, targetLogit, peak) };
}

/** d found / d x = table[target] - p table. */
function hiddenGradient(graph: Graph, chunk: Chunk, table: GraphTensor, dy: GraphTensor): GraphTensor {
  const expected = matmul(graph, chunk.probabilities, table);
  return multiply(graph, dy, subtract(graph, chunk.targetRows, expected));
}

/** d found / d table = x at the target's row, less pᵀ x. */
function tableGradient(graph: Graph, chunk: Chunk, table: GraphTensor, dy: GraphTensor): GraphTensor {
  const weighted = multiply(graph, chunk.x, dy);
  const away = matmul(graph, chunk.probabilities, weighted, { transposeA: true });
  return subtract(graph, scatterRows(graph, chunk.targets, weighted, table.shape), away);
}
