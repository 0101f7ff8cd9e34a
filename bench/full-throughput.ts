/**
 * Pretraining speed: tokens a second of training all weights of the shipped base's shape, 8 sequences of 256 tokens,
 * forwards, backwards, clipping and AdamW, beside PyTorch's steps, where PYTHON names an interpreter. All in turn.
 *
 *   PYTHON=python3 node bench/full-throughput.ts [--rounds 8]
 */

import { parseArgs } from "node:util";
import { BASE_CONFIG, createLlamaWeights, openFullTrainable } from "../src/models/index.ts";
import { benchReport } from "./report.ts";
import { race } from "./training-rounds.ts";

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "8" } } });
const setting = { config: BASE_CONFIG, batch: 8, time: 256, rank: 0, threads: 2 };
const model = await openFullTrainable({ ...setting, weights: createLlamaWeights(setting.config, 1) });
benchReport({ name: "full-throughput", unit: "tokens/s", ...(await race(setting, model, Number(flags.rounds))) });
