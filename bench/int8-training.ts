/**
 * What LoRA fine-tuning loses when its frozen projections are rounded to 8-bit integers, on a checkpoint that has been
 * trained (random weights have no outliers): the loss of the forward pass; the cosine of every tensor's gradient with
 * that of 32-bit floats, at the start and after steps; and held-out loss by 32-bit floats after equal steps each way.
 *
 *   node bench/int8-training.ts [--base models/trilith-base-9m] [--prose ../shared/data/prose] [--steps 60]
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import type { TokenBatch, TrainableModel } from "../src/contracts/models.ts";
import { openLanguageModels, PROJECTIONS } from "../src/models/index.ts";
import { createAdamW, trainModel } from "../src/training/index.ts";
import { benchReport } from "./report.ts";

const { values: flags } = parseArgs({
  options: {
    base: { type: "string", default: join(import.meta.dirname, "../models/trilith-base-9m") },
    prose: { type: "string", default: join(import.meta.dirname, "../../shared/data/prose") },
    steps: { type: "string", default: "60" },
    rate: { type: "string", default: "3e-3" },
  },
});
const [BATCH, TIME, HELD_BATCHES] = [4, 256, 12];
const steps = Number(flags.steps);
const models = await openLanguageModels({ folder: flags.base });
const batches = readBatches(steps + HELD_BATCHES);
const [train, held] = [batches.slice(0, steps), batches.slice(steps)];
const options = { lora: { r: 8, alpha: 16, targetModules: PROJECTIONS }, batch: BATCH, time: TIME, seed: 1 };
const floats = await models.openTrainable({ ...options, frozen: "float32" });
const integers = await models.openTrainable({ ...options, frozen: "int8" });

const atStart = await compare();
await learn(floats);
const learnt = floats.parameters.slice();
integers.parameters.set(learnt);
const afterSteps = await compare();
const floatLoss = await heldLoss(floats);
const floatLossByIntegers = await heldLoss(integers);
integers.parameters.set(await fresh());
floats.parameters.set(integers.parameters);
const startLoss = await heldLoss(floats);
await learn(integers);
floats.parameters.set(integers.parameters);
const integerLoss = await heldLoss(floats);
benchReport({
  name: "int8-training",
  unit: "held-out loss after steps by int8, of that by float32",
  samples: [integerLoss / floatLoss],
  extra: {
    steps,
    heldOut: { start: startLoss, floats: floatLoss, integers: integerLoss, floatsReadByIntegers: floatLossByIntegers },
    atStart,
    afterSteps,
  },
});
await Promise.all([floats.close(), integers.close()]);

async function fresh(): Promise<Float32Array> {
  const model = await models.openTrainable({ ...options, frozen: "float32" });
  await model.close();
  return model.parameters;
}

async function learn(model: TrainableModel): Promise<void> {
  const optimizer = createAdamW(model.layout, { learningRate: Number(flags.rate) });
  await trainModel({
    model,
    optimizer,
    batches: (step) => [train[step % steps] as TokenBatch],
    schedule: () => 1,
    steps,
    clipNorm: 1,
  });
}

async function heldLoss(model: TrainableModel): Promise<number> {
  let sum = 0;
  for (const batch of held) sum += await model.loss(batch);
  return sum / held.length;
}

/** Both ways at the same parameters, over a few batches' summed gradients. */
async function compare() {
  const sums = [floats, integers].map(({ parameters }) => new Float64Array(parameters.length));
  const losses = [0, 0];
  for (const batch of held.slice(0, 1)) {
    for (const [i, model] of [floats, integers].entries()) {
      const { loss, gradient } = await model.lossAndGradient(batch);
      losses[i] = (losses[i] ?? 0) + loss;
      gradient.forEach((value, at) => {
        const sum = sums[i] as Float64Array;
        sum[at] = (sum[at] ?? 0) + value;
      });
    }
  }
  const [ofFloats, ofIntegers] = sums as [Float64Array, Float64Array];
  const tensors = floats.layout
    .map(({ name, offset, shape }) => {
      const end = offset + shape.reduce((product, length) => product * length, 1);
      return { name, cosine: cosine(ofFloats.subarray(offset, end), ofIntegers.subarray(offset, end)) };
    })
    .filter((each) => Number.isFinite(each.cosine))
    .sort((a, b) => a.cosine - b.cosine);
  return {
    lossRatio: (losses[1] ?? 0) / (losses[0] ?? 0),
    whole: cosine(ofFloats, ofIntegers),
    worst: tensors.slice(0, 4),
    median: tensors[tensors.length >> 1]?.cosine,
  };
}

function cosine(a: Float64Array, b: Float64Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Rows of text, end to end. */
function readBatches(count: number): TokenBatch[] {
  const lines = gunzipSync(readFileSync(join(flags.prose, "held-out.jsonl.gz")))
    .toString("utf8")
    .trim()
    .split("\n");
  const ids: number[] = [];
  const size = BATCH * TIME;
  for (const line of lines) {
    if (ids.length > count * size) break;
    const { text } = JSON.parse(line) as { text: string }; // the data set's lines are such
    ids.push(models.tokenizer.bosId ?? models.tokenizer.eosId, ...models.tokenizer.encode(text));
  }
  return Array.from({ length: count }, (_, i) => ({
    batch: BATCH,
    time: TIME,
    inputs: Int32Array.from(ids.slice(i * size, (i + 1) * size)),
    targets: Int32Array.from(ids.slice(i * size + 1, (i + 1) * size + 1)),
    positions: Int32Array.from({ length: size }, (_, at) => at % TIME),
    weights: new Float32Array(size).fill(1 / size),
  }));
}
