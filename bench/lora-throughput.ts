/**
 * Fine-tuning speed: tokens a second of LoRA (r 8, all seven projections) on the base's shape, 8 sequences of 256
 * tokens, forwards, backwards and the AdamW update; and what share that is of the machine's limit, which is the rate of
 * plain ONNX matrix products of the same shapes, measured in turn with the steps.
 */

import type { TokenBatch } from "../src/contracts/models.ts";
import { createRandom } from "../src/core/random.ts";
import {
  BASE_CONFIG,
  createLlamaWeights,
  type LlamaConfig,
  llamaTensors,
  openLoraTrainable,
  PROJECTIONS,
} from "../src/models/index.ts";
import { Graph, openThreadSession, primitives, type TensorSession } from "../src/tensor/index.ts";
import { createAdamW, trainModel } from "../src/training/index.ts";
import { benchReport, median } from "./report.ts";

const [BATCH, TIME, RANK, THREADS] = [8, 256, 8, 2];
const SAMPLES = 12;
const lora = { r: RANK, alpha: 16, targetModules: PROJECTIONS };

/** Random ids: the time of a step does not depend on them. */
function randomBatch(config: LlamaConfig): TokenBatch {
  const random = createRandom(1);
  const ids = Int32Array.from({ length: BATCH * TIME }, () => 3 + random.integer(config.vocab_size - 3));
  const weights = new Float32Array(BATCH * TIME).fill(1 / (BATCH * TIME));
  const positions = ids.map((_, index) => index % TIME);
  return { batch: BATCH, time: TIME, inputs: ids, targets: ids, positions, weights };
}

/**
 * Floating-point operations of one step. Frozen matrices cost two products (forwards, and back to their input), the
 * first layer's q, k and v only one, for no gradient goes on to the embedding; LoRA matrices cost three; scores and
 * mixing of attention cost two forwards and four back.
 */
function flopsOfStep(config: LlamaConfig): number {
  const tokens = BATCH * TIME;
  const matrices = Object.entries(llamaTensors(config)).filter(([, shape]) => shape.length === 2);
  const products = matrices.reduce((sum, [name, [rows = 0, columns = 0]]) => {
    const first = /layers\.0\.self_attn\.[qkv]_proj/.test(name);
    const adapted = name.includes("proj") ? 3 * RANK * (rows + columns) : 0;
    return sum + (first ? 1 : 2) * rows * columns + adapted;
  }, 0);
  const attention = config.num_hidden_layers * 6 * config.num_attention_heads * TIME * (config.head_dim ?? 0);
  return 2 * tokens * (products + attention);
}

/** A chain of nothing but the model's matrix products, forwards and back, with its operations counted. */
async function openProducts(config: LlamaConfig): Promise<{ session: TensorSession; flops: number }> {
  const graph = new Graph();
  const [hidden, inner] = [config.hidden_size, config.intermediate_size];
  const weights = (rows: number, columns: number) =>
    graph.constant(`${rows}x${columns}`, [rows, columns], new Float32Array(rows * columns).fill(1e-3));
  let x = graph.input("x", [BATCH * TIME, hidden]);
  let flops = 0;
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    for (const width of [hidden, inner]) {
      const up = primitives.matmul(graph, x, weights(width, hidden), { transposeB: true });
      x = primitives.matmul(graph, up, weights(width, hidden));
      flops += 4 * BATCH * TIME * hidden * width;
    }
  }
  return { session: await openThreadSession(graph.compile({ y: x }), { threads: THREADS }), flops };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const weights = createLlamaWeights(BASE_CONFIG, 1);
const model = await openLoraTrainable({
  config: BASE_CONFIG,
  weights,
  lora,
  batch: BATCH,
  time: TIME,
  seed: 1,
  threads: THREADS,
});
const optimizer = createAdamW(model.layout, { learningRate: 1e-4 });
const batch = randomBatch(BASE_CONFIG);
const products = await openProducts(BASE_CONFIG);
const step = (): Promise<unknown> =>
  trainModel({ model, optimizer, batches: () => [batch], schedule: () => 1, steps: 1, clipNorm: 1 });
for (const warmUp of [step, products.session.run, step, products.session.run]) await warmUp();

const rates: { tokensPerSecond: number; step: number; limit: number }[] = [];
for (let i = 0; i < SAMPLES; i++) {
  const stepSeconds = await secondsOf(step);
  const productSeconds = await secondsOf(products.session.run);
  rates.push({
    tokensPerSecond: (BATCH * TIME) / stepSeconds,
    step: flopsOfStep(BASE_CONFIG) / stepSeconds / 1e9,
    limit: products.flops / productSeconds / 1e9,
  });
}
await Promise.all([model.close(), products.session.close()]);

const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);
benchReport({
  name: "lora-throughput",
  unit: "tokens/s",
  samples: rates.map(({ tokensPerSecond }) => Math.round(tokensPerSecond)),
  extra: {
    shape: {
      parameters: [...weights.values()].reduce((sum, { length }) => sum + length, 0),
      BATCH,
      TIME,
      RANK,
      THREADS,
    },
    trainedParameters: model.parameters.length,
    gflopsOfStep: Math.round(median(sorted(rates.map((rate) => rate.step)))),
    gflopsOfMatrixProducts: Math.round(median(sorted(rates.map((rate) => rate.limit)))),
    shareOfMatrixProducts: Number(median(sorted(rates.map((rate) => rate.step / rate.limit))).toFixed(3)),
  },
});
