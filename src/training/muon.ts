/**
 * Muon: momentum whose every matrix is made orthogonal before it is applied, so that all directions of a weight
 * learn at one rate. For the hidden matrices of a transformer in pretraining; embeddings and gains take AdamW.
 */

import type { ParameterTensor } from "../contracts/models.ts";
import { Graph, type GraphTensor, openThreadSession, primitives } from "../tensor/index.ts";
import { type Optimizer, restoreArrays, sizeOf } from "./optimizer.ts";

/** The settings of Muon. */
export interface MuonOptions {
  readonly learningRate: number;
  /** Default 0.95, as Nesterov momentum. */
  readonly momentum?: number;
  /** Decoupled, as in AdamW. Default 0. */
  readonly weightDecay?: number;
  /** Threads of the orthogonalisation. Default 2. */
  readonly threads?: number;
}

const ITERATIONS = 5;
/** Of the quintic that drives singular values towards 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315] as const;

/**
 * Muon over the matrices of `layout`. Opens a thread in which ONNX Runtime orthogonalises; close it.
 *
 * @source Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), https://kellerjordan.github.io/posts/muon
 */
export async function openMuon(layout: readonly ParameterTensor[], options: MuonOptions): Promise<Optimizer> {
  const groups = Map.groupBy(layout, ({ shape }) => shape.join("x"));
  const session = await openThreadSession(orthogonalisation(groups), { threads: options.threads ?? 2 });
  const momentum = options.momentum ?? 0.95;
  const arrays = { momentum: new Float32Array(layout.reduce((sum, tensor) => sum + sizeOf(tensor), 0)) };
  let step = 0;
  return {
    async update(parameters, gradient, factor) {
      step++;
      let at = 0;
      for (const [name, tensors] of groups) {
        const input = session.input(`update ${name}`, Float32Array);
        tensors.forEach((tensor, i) => {
          const length = sizeOf(tensor);
          const m = arrays.momentum.subarray(at, at + length);
          const g = gradient.subarray(tensor.offset, tensor.offset + length);
          nesterov({ m, g, out: input.subarray(i * length, (i + 1) * length) }, momentum);
          at += length;
        });
      }
      await session.run();
      const rate = options.learningRate * factor;
      for (const [name, tensors] of groups) {
        const output = session.output(`orthogonal ${name}`, Float32Array);
        tensors.forEach((tensor, i) => {
          const length = sizeOf(tensor);
          const p = parameters.subarray(tensor.offset, tensor.offset + length);
          const [rows = 1, columns = 1] = tensor.shape;
          const scaled = rate * Math.sqrt(Math.max(1, rows / columns));
          const direction = output.subarray(i * length, (i + 1) * length);
          const keep = 1 - rate * (options.weightDecay ?? 0);
          for (let j = 0; j < length; j++) p[j] = keep * (p[j] ?? 0) - scaled * (direction[j] ?? 0);
        });
      }
    },
    state: () => ({ step, arrays }),
    restore(saved) {
      restoreArrays(arrays, saved.arrays);
      step = saved.step;
    },
    close: () => session.close(),
  };
}

/** A graph that orthogonalises all matrices of each group at once. */
function orthogonalisation(groups: ReadonlyMap<string, readonly ParameterTensor[]>) {
  const graph = new Graph();
  const outputs = [...groups].map(([name, tensors]) => {
    const update = graph.input(`update ${name}`, [tensors.length, ...(tensors[0]?.shape ?? [])]);
    return [`orthogonal ${name}`, orthogonalise(graph, update)] as const;
  });
  return graph.compile(Object.fromEntries(outputs));
}

/** Newton-Schulz iterations on a stack of matrices [n, rows, columns]: the singular vectors stay, the values go to about 1. */
export function orthogonalise(graph: Graph, stack: GraphTensor): GraphTensor {
  const { matmul, multiply, add, map, reduce } = primitives;
  const [, rows = 0, columns = 0] = stack.shape;
  const wide = rows <= columns;
  const squares = reduce(graph, "ReduceSum", reduce(graph, "ReduceSum", multiply(graph, stack, stack), 1), 2);
  const norm = add(graph, map(graph, "Sqrt", squares), graph.scalar(1e-7));
  let x = multiply(graph, stack, map(graph, "Reciprocal", norm));
  for (let i = 0; i < ITERATIONS; i++) {
    // The smaller of X Xᵀ and Xᵀ X.
    const gram = matmul(graph, x, x, wide ? { transposeB: true } : { transposeA: true });
    const polynomial = add(graph, multiply(graph, gram, graph.scalar(B)), matmul(graph, gram, gram, { alpha: C }));
    const mixed = wide ? matmul(graph, polynomial, x) : matmul(graph, x, polynomial);
    x = add(graph, multiply(graph, x, graph.scalar(A)), mixed);
  }
  return x;
}

/** m momentum, g gradient; writes what Nesterov's method would step along. */
function nesterov({ m, g, out }: Readonly<Record<"m" | "g" | "out", Float32Array>>, momentum: number): void {
  for (let i = 0; i < m.length; i++) {
    const gradient = g[i] ?? 0;
    const next = momentum * (m[i] ?? 0) + (1 - momentum) * gradient;
    m[i] = next;
    out[i] = momentum * next + (1 - momentum) * gradient;
  }
}
