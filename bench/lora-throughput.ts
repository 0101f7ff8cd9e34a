/**
 * Fine-tuning speed: tokens a second of LoRA (r 8, all seven projections) on the shape of SmolLM2-135M, 4 sequences of
 * 256 tokens, forwards, backwards, clipping and AdamW; what share that is of the machine's limit, the rate of bare
 * matrix products of the same shapes; and PyTorch's steps, where PYTHON names an interpreter. All in turn.
 *
 *   PYTHON=python3 node bench/lora-throughput.ts [--rounds 8] [--batch 4] [--time 256] [--checkpointing]
 */

import { parseArgs } from "node:util";
import { createLlamaWeights, openLoraTrainable, PROJECTIONS } from "../src/models/index.ts";
import { benchReport } from "./report.ts";
import { race, SMOLLM2_135M } from "./training-rounds.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    batch: { type: "string", default: "4" },
    time: { type: "string", default: "256" },
    checkpointing: { type: "boolean", default: false },
  },
});
const setting = {
  config: SMOLLM2_135M,
  batch: Number(flags.batch),
  time: Number(flags.time),
  rank: 8,
  threads: 2,
};
const model = await openLoraTrainable({
  ...setting,
  weights: createLlamaWeights(setting.config, 1),
  checkpointing: flags.checkpointing,
  lora: { r: setting.rank, alpha: 16, targetModules: PROJECTIONS },
  seed: 1,
});
benchReport({ name: "lora-throughput", unit: "tokens/s", ...(await race(setting, model, Number(flags.rounds))) });
