/**
 * A fine-tuning run of a tiny Llama that is killed and started again by a test: it goes on from its newest checkpoint,
 * and prints the loss of every step, bit for bit. What is remembered is large, so that a checkpoint is written for a while.
 */

import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { openLanguageModels } from "../../src/models/index.ts";
import { fineTune, openCheckpoints } from "../../src/training/index.ts";
import { writeBase } from "../reference/trl-inputs.ts";

const [folder = "", base = "", steps = "0"] = process.argv.slice(2);
await writeBase(base);
const models = await openLanguageModels({ folder: base, threads: 1 });
const texts = Array.from({ length: 9 }, (_, i) => ({
  id: `${i}`,
  instruction: "",
  answer: `${i} tea is hot `.repeat(20),
}));
const checkpoints = await openCheckpoints({ folder: join(folder) });
const ballast = new Float32Array(6_000_000);
const hexOf = (value: number): string => Buffer.from(Float64Array.of(value).buffer).toString("hex");

const { metrics } = await fineTune({
  models,
  train: texts.slice(2),
  validation: texts.slice(0, 2),
  options: {
    ...{ batchSize: 2, windowTokens: 48, maxSteps: Number(steps), learningRate: 0.01, gradientAccumulationSteps: 2 },
    ...{ lora: { r: 4, alpha: 8, dropout: 0.1 }, evaluateEverySteps: 3, saveEverySteps: 1, patience: 0 },
  },
  clock: systemClock(),
  checkpoints: {
    ...checkpoints,
    save: (state) => checkpoints.save({ ...state, arrays: { ...state.arrays, ballast } }),
  },
  onStep({ step, loss, validationLoss = 0 }) {
    process.stdout.write(`${step} ${hexOf(loss)}${hexOf(validationLoss)}\n`);
  },
});
process.stdout.write(`end ${hexOf(metrics.validationLoss)}${hexOf(metrics.finalTrainLoss)}\n`);
