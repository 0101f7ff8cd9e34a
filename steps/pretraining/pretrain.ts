/** Trains a base on packed tokens, and says how it goes while it goes; what a killed attempt left is gone on with. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Folder, folder, json, type StepContext, step } from "trilith";
import { type LlamaConfig, parseCheckpoint, parseLlamaConfig, toFloatCheckpoint, type Weights } from "trilith/models";
import {
  PretrainingReport,
  type PretrainOptions,
  type PretrainReport,
  pretrain as pretrainBase,
} from "trilith/pretraining";
import { openCheckpoints } from "trilith/training";
import { z } from "zod";
import { BaseShape, PretrainingHyperparameters, toLlamaConfig } from "./pretraining-parameters.ts";

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "expected bytes");

export const pretrain = step({
  name: "pretrain",
  input: z.object({
    train: Bytes,
    held_out: Bytes,
    shape: BaseShape,
    hyperparameters: PretrainingHyperparameters,
    /** The folder of a base to go on from, whose shape is then taken. */
    start_from: z.string().nullable(),
  }),
  /** The model as `config.json` and `model.safetensors`, in 32-bit floats. */
  outputs: { model: folder(), report: json(PretrainingReport) },
  async run({ train, held_out, shape, hyperparameters, start_from }, context) {
    const { log, clock, signal, metadata } = context;
    const start = start_from === null ? undefined : await readBase(start_from);
    const config = start?.config ?? toLlamaConfig(shape);
    const options = toOptions(hyperparameters, { tokens: train.byteLength / 2, time: config.max_position_embeddings });
    const key = { train: hashOf(train), heldOut: hashOf(held_out), config, options: { ...options }, start_from };
    const checkpoints = await openCheckpoints({
      folder: await context.folder(JSON.parse(JSON.stringify(key))),
      onDamaged: (error) => log.warn(error.message),
    });
    const from = await checkpoints.latest();
    if (from) log.info("going on from a checkpoint", { step: from.step });
    const { weights, ...report } = await pretrainBase({
      config,
      ...(start ? { weights: start.weights } : {}),
      train: idsOf(train),
      heldOut: idsOf(held_out),
      bosId: config.bos_token_id,
      options,
      checkpoints,
      checkpointSeconds: hyperparameters.save_minutes * 60,
      clock,
      signal,
      onStep: (each) => observe(each, context),
    });
    metadata.log({ steps: report.steps, tokens: report.tokens, held_out_loss: report.heldOutLoss });
    return { model: toFolder(config, weights), report };
  },
});

async function readBase(path: string): Promise<{ config: LlamaConfig; weights: Weights }> {
  const config = parseLlamaConfig(JSON.parse(await readFile(join(path, "config.json"), "utf8")));
  const file = join(path, "model.safetensors");
  return { config, weights: parseCheckpoint(await readFile(file), file) };
}

function toFolder(config: LlamaConfig, weights: Weights): Folder {
  return new Map([
    ["config.json", Buffer.from(`${JSON.stringify(config, null, 2)}\n`)],
    ["model.safetensors", toFloatCheckpoint(config, weights)],
  ]);
}

function toOptions(parameters: PretrainingHyperparameters, corpus: { tokens: number; time: number }): PretrainOptions {
  const { per_device_train_batch_size: batch, gradient_accumulation_steps: batchesPerStep } = parameters;
  const { max_steps, max_minutes } = parameters;
  const onePass = Math.max(1, Math.floor(corpus.tokens / (batch * batchesPerStep * corpus.time)));
  const maxSteps = max_steps ?? (max_minutes === null ? onePass : null);
  return {
    batch,
    time: corpus.time,
    batchesPerStep,
    ...(maxSteps === null ? {} : { maxSteps }),
    ...(max_minutes === null ? {} : { maxMinutes: max_minutes }),
    muonRate: parameters.learning_rate,
    adamRate: parameters.embedding_learning_rate,
    weightDecay: parameters.weight_decay,
    clipNorm: parameters.max_grad_norm,
    warmupFraction: parameters.warmup_ratio,
    decayFraction: parameters.decay_ratio,
    evaluateEverySteps: parameters.eval_steps,
    seed: parameters.seed,
    threads: parameters.threads,
  };
}

function observe(report: PretrainReport, { metric, progress, log }: StepContext): void {
  const { step: at, loss, heldOutLoss, tokens, tokensPerSecond, factor, done, secondsLeft } = report;
  metric("train_loss", loss, at);
  metric("tokens_per_second", tokensPerSecond, at);
  metric("learning_rate_factor", factor, at);
  if (heldOutLoss !== undefined) {
    metric("held_out_loss", heldOutLoss, at);
    log.info("measured", { step: at, tokens, held_out_loss: heldOutLoss, seconds_left: Math.round(secondsLeft) });
  }
  const left = `${Math.ceil(secondsLeft / 60)} min left`;
  progress(Math.floor(1000 * done), 1000, `loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s, ${left}`);
}

/** A copy, because ids need an even offset. */
const idsOf = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.slice().buffer);

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
