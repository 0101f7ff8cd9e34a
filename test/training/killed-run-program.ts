/**
 * A training run that is killed and started again by a test: it goes on from its newest checkpoint, and prints the
 * loss of every step, bit for bit. Its arrays are large, so that a checkpoint is written for a while.
 */

import { systemClock } from "../../src/core/clock.ts";
import { createRandom } from "../../src/core/random.ts";
import { createAdamW, createRunKeeper, openCheckpoints, scheduleByName, trainModel } from "../../src/training/index.ts";

const [folder = "", steps = "0"] = process.argv.slice(2);
const SIZE = 2_000_000;
const random = createRandom(1);
const parameters = Float32Array.from({ length: SIZE }, () => random.next());
const layout = [{ name: "p", shape: [2, SIZE / 2], offset: 0 }];
const optimizer = createAdamW(layout, { learningRate: 0.1, weightDecay: 0.01 });
const model = {
  parameters,
  layout,
  async lossAndGradient() {
    let loss = 0;
    const gradient = parameters.map((p, i) => p - Math.sin(i));
    for (const g of gradient) loss += g * g;
    return { loss, gradient };
  },
  loss: async () => 0,
  logProbabilities: async () => new Float32Array(0),
  close: async () => undefined,
};
const checkpoints = await openCheckpoints({ folder });
const keeper = createRunKeeper({ checkpoints, model, optimizer, everySteps: 1, clock: systemClock() });
const saved = await keeper.resume();
const empty = {
  batch: 0,
  time: 0,
  inputs: new Int32Array(0),
  targets: new Int32Array(0),
  positions: new Int32Array(0),
};
await trainModel({
  model,
  optimizer,
  batches: () => [{ ...empty, weights: new Float32Array(0) }],
  schedule: scheduleByName("cosine", { warmupSteps: 3, steps: Number(steps) }),
  steps: Number(steps),
  firstStep: saved?.step ?? 0,
  async onStep({ step, loss }) {
    process.stdout.write(`${step} ${Buffer.from(Float64Array.of(loss).buffer).toString("hex")}\n`);
    await keeper.keep(step + 1, () => ({}));
    return undefined;
  },
});
