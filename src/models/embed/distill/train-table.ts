/**
 * Regression of a table of piece vectors to a teacher's vectors of passages: the loss of a passage is 1 - cosine
 * between its weighted sum of rows and the teacher's vector. Adam keeps its moments for each row and moves only the
 * rows that a batch touches, so that a step costs what the batch holds and not what the table holds.
 * Letters: V pieces, D dimensions, N passages, B batch.
 *
 * @source Tissier et al. 2019 and MinishLab/tokenlearn for the idea; Kingma and Ba 2015 for Adam
 */

import { createRandom } from "../../../core/random.ts";

/** Passages as counted pieces: passage n holds entries starts[n] up to starts[n + 1]. */
export interface Bags {
  /** [N + 1]. */
  readonly starts: Uint32Array;
  readonly ids: Uint32Array;
  readonly weights: Float32Array;
}

/** How a table is trained. */
export interface TrainTableOptions {
  readonly dimensions: number;
  readonly bags: Bags;
  /** Unit vectors, [N, D]. */
  readonly targets: Float32Array;
  /** The first passages, which are scored and not learned from. */
  readonly heldOutCount: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** At the beginning; falls to 0 along a line. */
  readonly learningRate: number;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Changes `table` [V, D] in place; gives the mean cosine of the held-out passages before and after each epoch. */
export async function trainTable(table: Float32Array, options: TrainTableOptions): Promise<number[]> {
  const { bags, targets, dimensions: D, heldOutCount, epochs, batchSize, seed } = options;
  const trainedCount = bags.starts.length - 1 - heldOutCount;
  const random = createRandom(seed);
  const adam = createRowAdam(table, D);
  const [sum, gradient] = [new Float32Array(D), new Float32Array(D)];
  const total = epochs * trainedCount;
  const cosines = [heldOutCosine(table, options)];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = random.shuffle(Array.from({ length: trainedCount }, (_, i) => heldOutCount + i));
    for (let start = 0; start < trainedCount; start += batchSize) {
      const batch = order.slice(start, start + batchSize);
      for (const n of batch) {
        addRows(table, bags, n, sum);
        cosineGradient(sum, targets.subarray(n * D, (n + 1) * D), gradient);
        adam.addGradient(bags, n, gradient);
      }
      const done = epoch * trainedCount + start;
      adam.step(options.learningRate * (1 - done / total), batch.length);
      if ((start / batchSize) % 20 === 0) {
        options.onProgress?.(done, total);
        await new Promise(setImmediate); // lets Ctrl-C be heard
        options.signal?.throwIfAborted();
      }
    }
    cosines.push(heldOutCosine(table, options));
  }
  options.onProgress?.(total, total);
  return cosines;
}

/** The mean cosine between the table's vectors of the held-out passages and the teacher's. */
export function heldOutCosine(
  table: Float32Array,
  {
    bags,
    targets,
    dimensions: D,
    heldOutCount,
  }: Pick<TrainTableOptions, "bags" | "targets" | "dimensions" | "heldOutCount">,
): number {
  const sum = new Float32Array(D);
  let total = 0;
  for (let n = 0; n < heldOutCount; n++) {
    addRows(table, bags, n, sum);
    let [dot, squares] = [0, 0];
    for (let i = 0; i < D; i++) {
      dot += (sum[i] as number) * (targets[n * D + i] as number);
      squares += (sum[i] as number) ** 2;
    }
    total += squares > 0 ? dot / Math.sqrt(squares) : 0;
  }
  return total / Math.max(1, heldOutCount);
}

/** The weighted sum of a passage's rows. */
function addRows(table: Float32Array, { starts, ids, weights }: Bags, n: number, sum: Float32Array): void {
  const D = sum.length;
  sum.fill(0);
  for (let e = starts[n] as number; e < (starts[n + 1] as number); e++) {
    const [from, weight] = [(ids[e] as number) * D, weights[e] as number];
    for (let i = 0; i < D; i++) sum[i] = (sum[i] as number) + weight * (table[from + i] as number);
  }
}

/** The gradient of 1 - cos(sum, target) with respect to the sum, the target being of unit length. */
function cosineGradient(sum: Float32Array, target: Float32Array, gradient: Float32Array): void {
  let [dot, squares] = [0, 1e-12];
  for (let i = 0; i < sum.length; i++) {
    dot += (sum[i] as number) * (target[i] as number);
    squares += (sum[i] as number) ** 2;
  }
  const length = Math.sqrt(squares);
  const along = dot / squares;
  for (let i = 0; i < sum.length; i++) {
    gradient[i] = (along * (sum[i] as number) - (target[i] as number)) / length;
  }
}

/** Adam with moments a row; a row's bias correction counts its own steps. */
function createRowAdam(table: Float32Array, D: number) {
  const [first, second] = [new Float32Array(table.length), new Float32Array(table.length)];
  const gradients = new Float32Array(table.length);
  const steps = new Uint32Array(table.length / D);
  const touched = new Set<number>();
  return {
    addGradient({ starts, ids, weights }: Bags, n: number, gradient: Float32Array): void {
      for (let e = starts[n] as number; e < (starts[n + 1] as number); e++) {
        const [id, weight] = [ids[e] as number, weights[e] as number];
        touched.add(id);
        for (let i = 0; i < D; i++) {
          gradients[id * D + i] = (gradients[id * D + i] as number) + weight * (gradient[i] as number);
        }
      }
    },
    step(learningRate: number, batchSize: number): void {
      for (const id of touched) {
        const t = (steps[id] = (steps[id] as number) + 1);
        const rate = (learningRate * Math.sqrt(1 - BETA2 ** t)) / (1 - BETA1 ** t);
        for (let i = id * D; i < (id + 1) * D; i++) {
          const g = (gradients[i] as number) / batchSize;
          const m = (first[i] = BETA1 * (first[i] as number) + (1 - BETA1) * g);
          const v = (second[i] = BETA2 * (second[i] as number) + (1 - BETA2) * g * g);
          table[i] = (table[i] as number) - (rate * m) / (Math.sqrt(v) + EPSILON);
          gradients[i] = 0;
        }
      }
      touched.clear();
    },
  };
}
