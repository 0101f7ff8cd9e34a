/**
 * Pretrains the bundled base model on a packed corpus, within a budget of time, and can be stopped and resumed.
 *
 * node scripts/pretrain.ts --corpus <folder> --out <folder> --minutes 90
 *
 * The corpus folder holds train.bin and heldout.bin: token ids as little-endian Uint16, every document between a
 * bos and an eos. The out folder gets log.json (the loss curve), checkpoint/ and, at the end, final/ with
 * model.safetensors and config.json.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { TokenBatch, TrainableModel } from "../src/contracts/models.ts";
import { systemClock } from "../src/core/clock.ts";
import { createRandom } from "../src/core/random.ts";
import { BASE_CONFIG } from "../src/models/llama-config.ts";
import { openFullTrainable } from "../src/models/llama-trainable.ts";
import { createLlamaWeights } from "../src/models/llama-weights.ts";
import { fromFloats, toSafetensors } from "../src/models/safetensors.ts";
import { createAdamW } from "../src/training/adamw.ts";
import { openMuon } from "../src/training/muon.ts";
import { combineOptimizers, type Optimizer } from "../src/training/optimizer.ts";
import { warmupStableDecay } from "../src/training/schedule.ts";
import { meanLoss, trainModel } from "../src/training/train-loop.ts";

const { values: flags } = parseArgs({
  options: {
    corpus: { type: "string", default: "/tmp/corpus" },
    out: { type: "string", default: "/tmp/pretrain" },
    /** The whole run, from its first start: the decay ends when they are over, resumed or not. */
    minutes: { type: "string", default: "90" },
    batch: { type: "string", default: "8" },
    /** Batches whose gradients make one step. */
    accumulate: { type: "string", default: "2" },
    "muon-rate": { type: "string", default: "0.02" },
    "adam-rate": { type: "string", default: "0.004" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
  },
});
const time = BASE_CONFIG.max_position_embeddings;
const batch = Number(flags.batch);
const accumulate = Number(flags.accumulate);
const budgetMs = Number(flags.minutes) * 60_000;
const EVALUATION_BATCHES = Math.max(1, Math.round(48 / batch));
const EVALUATE_EVERY_STEPS = 100;
const CHECKPOINT_EVERY_MS = 3 * 60_000;
const clock = systemClock();

interface LogEntry {
  readonly step: number;
  readonly tokens: number;
  readonly elapsedMs: number;
  readonly loss: number;
  readonly factor: number;
  readonly tokensPerSecond: number;
  readonly heldOutLoss?: number;
}

interface Progress {
  readonly startedAt: number;
  readonly step: number;
  readonly tokens: number;
  readonly log: readonly LogEntry[];
}

/** Ids of a packed corpus. */
async function loadTokens(file: string): Promise<Uint16Array> {
  const bytes = await readFile(join(flags.corpus, file));
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** A batch of the windows that begin at `starts`, every token with the same share. */
function windows(tokens: Uint16Array, starts: readonly number[], share: number): TokenBatch {
  const inputs = new Int32Array(starts.length * time);
  const targets = new Int32Array(starts.length * time);
  starts.forEach((start, row) => {
    inputs.set(tokens.subarray(start, start + time), row * time);
    targets.set(tokens.subarray(start + 1, start + time + 1), row * time);
  });
  const weights = new Float32Array(inputs.length).fill(share);
  return { batch: starts.length, time, inputs, targets, positions: positionsOf(inputs), weights };
}

/** Each token's distance from the last bos of its row, or from the row's begin. */
function positionsOf(inputs: Int32Array): Int32Array {
  let position = 0;
  return inputs.map((id, index) => {
    position = index % time === 0 || id === BASE_CONFIG.bos_token_id ? 0 : position + 1;
    return position;
  });
}

/** Windows over the whole corpus in a seeded order: step s takes the next ones. */
function trainingBatches(tokens: Uint16Array): (step: number) => TokenBatch[] {
  const count = Math.floor((tokens.length - 1) / time);
  const order = createRandom(Number(flags.seed)).shuffle(Array.from({ length: count }, (_, i) => i * time));
  return (step) =>
    Array.from({ length: accumulate }, (_, i) => {
      const first = (step * accumulate + i) * batch;
      const starts = Array.from({ length: batch }, (_, row) => order[(first + row) % count] ?? 0);
      return windows(tokens, starts, 1 / (batch * accumulate * time));
    });
}

/** Windows spread evenly over the held-out documents. */
function heldOutBatches(tokens: Uint16Array): TokenBatch[] {
  const stride = Math.floor((tokens.length - time - 1) / (EVALUATION_BATCHES * batch));
  return Array.from({ length: EVALUATION_BATCHES }, (_, i) =>
    windows(
      tokens,
      Array.from({ length: batch }, (_, row) => (i * batch + row) * stride),
      1 / (batch * time),
    ),
  );
}

/** Muon for the hidden matrices, AdamW for the embedding and the gains. */
async function openOptimizer(model: TrainableModel): Promise<Optimizer> {
  const hidden = model.layout.filter(({ name, shape }) => shape.length === 2 && name.includes("proj"));
  const rest = model.layout.filter((tensor) => !hidden.includes(tensor));
  const muon = await openMuon(hidden, {
    learningRate: Number(flags["muon-rate"]),
    weightDecay: 0.05,
    threads: Number(flags.threads),
  });
  const adamw = createAdamW(rest, { learningRate: Number(flags["adam-rate"]), betas: [0.9, 0.95], weightDecay: 0.01 });
  return combineOptimizers({ muon, adamw });
}

const checkpoint = join(flags.out, "checkpoint");
const floats = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

async function saveCheckpoint(model: TrainableModel, optimizer: Optimizer, progress: Progress): Promise<void> {
  const fresh = `${checkpoint}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await writeFile(join(fresh, "parameters.bin"), floats(model.parameters));
  for (const [name, array] of Object.entries(optimizer.state().arrays)) {
    await writeFile(join(fresh, `${name}.bin`), floats(array));
  }
  await writeFile(join(fresh, "progress.json"), JSON.stringify(progress));
  await rm(checkpoint, { recursive: true, force: true });
  await rename(fresh, checkpoint);
}

async function loadFloats(name: string): Promise<Float32Array> {
  const bytes = await readFile(join(checkpoint, `${name}.bin`));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function loadCheckpoint(model: TrainableModel, optimizer: Optimizer): Promise<Progress> {
  if (!existsSync(join(checkpoint, "progress.json"))) return { startedAt: clock.now(), step: 0, tokens: 0, log: [] };
  const progress = JSON.parse(await readFile(join(checkpoint, "progress.json"), "utf8")) as Progress; // saveCheckpoint wrote it
  model.parameters.set(await loadFloats("parameters"));
  const names = Object.keys(optimizer.state().arrays);
  const arrays = await Promise.all(names.map(async (name) => [name, await loadFloats(name)] as const));
  optimizer.restore({ step: progress.step, arrays: Object.fromEntries(arrays) });
  console.log(`resumed at step ${progress.step}`);
  return progress;
}

/** Writes the model as Hugging Face lays it out. */
async function saveModel({ layout, parameters }: TrainableModel, folder: string): Promise<void> {
  const tensors = layout.map(({ name, shape, offset }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, fromFloats(parameters.subarray(offset, offset + size), shape)] as const;
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.safetensors"), toSafetensors(new Map(tensors), { format: "pt" }));
  await writeFile(
    join(folder, "config.json"),
    `${JSON.stringify({ ...BASE_CONFIG, torch_dtype: "float32" }, null, 2)}\n`,
  );
}

async function main(): Promise<void> {
  const [tokens, heldOut] = await Promise.all([loadTokens("train.bin"), loadTokens("heldout.bin")]);
  const weights = createLlamaWeights(BASE_CONFIG, Number(flags.seed));
  const model = await openFullTrainable({ config: BASE_CONFIG, weights, batch, time, threads: Number(flags.threads) });
  const optimizer = await openOptimizer(model);
  await mkdir(flags.out, { recursive: true });
  const start = await loadCheckpoint(model, optimizer);
  const log = [...start.log];
  const elapsed = (): number => clock.now() - start.startedAt;
  const schedule = warmupStableDecay(0.01, 0.5);
  const evaluation = heldOutBatches(heldOut);
  let interrupted = false;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      interrupted = true;
    });
  }
  let trained = start.tokens;
  let [saved, stepStart] = [clock.now(), clock.now()];
  await trainModel({
    model,
    optimizer,
    batches: trainingBatches(tokens),
    schedule: () => schedule(elapsed() / budgetMs),
    steps: Number.MAX_SAFE_INTEGER,
    firstStep: start.step,
    clipNorm: 1,
    evaluate: { everySteps: EVALUATE_EVERY_STEPS, loss: () => meanLoss(model, evaluation) },
    async onStep({ step, tokens: count, loss, factor, heldOutLoss }) {
      trained += count;
      const tokensPerSecond = Math.round((count / (clock.now() - stepStart)) * 1000);
      const measured = heldOutLoss === undefined ? {} : { heldOutLoss };
      if (heldOutLoss !== undefined || step % 10 === 0) {
        const entry = { step, tokens: trained, elapsedMs: elapsed(), loss, factor, tokensPerSecond, ...measured };
        log.push(entry);
        console.log(JSON.stringify(entry));
        await writeFile(join(flags.out, "log.json"), JSON.stringify(log));
      }
      const over = interrupted || elapsed() >= budgetMs;
      if (over || clock.now() - saved > CHECKPOINT_EVERY_MS) {
        await saveCheckpoint(model, optimizer, { startedAt: start.startedAt, step: step + 1, tokens: trained, log });
        saved = clock.now();
      }
      stepStart = clock.now();
      return over ? "stop" : undefined;
    },
  });
  if (!interrupted) await finish(model, evaluation);
  await Promise.all([model.close(), optimizer.close()]);
}

async function finish(model: TrainableModel, evaluation: readonly TokenBatch[]): Promise<void> {
  console.log(`final held-out loss ${await meanLoss(model, evaluation)} nats a token`);
  await saveModel(model, join(flags.out, "final"));
}

await main();
