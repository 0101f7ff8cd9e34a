/**
 * trainers/trl beside the engine here: what TRL and PEFT measure, this engine measures as well, so tokens, masks,
 * adapters and references are the same. Needs Python: `TRILITH_TRL_PYTHON=<python> vitest run test/trainers`.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/contracts/logger.ts";
import type { InstructionRow, PreferenceRow, TrainingJob, TrainingOutcome } from "../../src/contracts/training.ts";
import { openLanguageModels, toFloatCheckpoint, toInt8Checkpoint } from "../../src/models/index.ts";
import { byteTokenizerJson, TINY_CONFIG, tinyWeights } from "../../src/models/tiny-llama.ts";
import { commandTrainer } from "../../src/trainers/index.ts";
import { createEvaluationBatches } from "../../src/training/fine-tune-batches.ts";
import { pairLogps, toPairBatches, toTokenPairs } from "../../src/training/preference-batches.ts";

const PYTHON = process.env["TRILITH_TRL_PYTHON"];
const MINUTES = 60_000;
const CONFIG = { ...TINY_CONFIG, max_position_embeddings: 128 };
const LORA = { r: 4, alpha: 8, targetModules: ["q_proj", "v_proj", "down_proj"] };
const KEYS = {
  ...{ lora_r: LORA.r, lora_alpha: LORA.alpha, lora_target_modules: LORA.targetModules, max_seq_length: 96 },
  ...{ per_device_train_batch_size: 4, learning_rate: 0.01, warmup_ratio: 0, max_steps: 6, eval_steps: 3 },
  ...{ sample_every_seconds: 15, packing: false, seed: 1 },
};
const DPO = { force: true, max_steps: 4, beta: 0.2, save_steps: 2 };
const TEMPLATE =
  "{{ bos_token }}{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}{% endfor %}<assistant>";

const WORDS = ["reeds", "wind", "a grey heron", "salt", "the long tide", "mud"];
const sentence = (i: number): string => [0, 1, 2].map((k) => WORDS[(i * (k + 2) + k) % WORDS.length]).join(" and ");
const rows = (count: number, from: number): InstructionRow[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${from + i}`,
    instruction: i % 3 === 2 ? "" : ` What is out there, <eos> ${WORDS[(from + i) % WORDS.length]}? `,
    answer: sentence(from + i),
  }));
const pairs = (count: number, from: number): PreferenceRow[] =>
  rows(count, from).map(({ id, answer }, i) => ({ id, prompt: `Say <eos> ${i}`, chosen: answer, rejected: `no ${i}` }));
const [TRAIN, VALIDATION] = [rows(20, 0), rows(7, 30)];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-trl-trainer-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeBase(name: string, { template, int8 = false }: { template?: string; int8?: boolean } = {}) {
  const base = join(folder, name);
  await mkdir(base);
  await writeFile(join(base, "config.json"), JSON.stringify(CONFIG));
  await writeFile(join(base, "tokenizer.json"), byteTokenizerJson());
  const checkpoint = int8 ? toInt8Checkpoint : toFloatCheckpoint;
  await writeFile(join(base, "model.safetensors"), checkpoint(CONFIG, tinyWeights(3)));
  const own = { bos_token: "<bos>", eos_token: "<eos>", chat_template: template };
  if (template) await writeFile(join(base, "tokenizer_config.json"), JSON.stringify(own));
  return openLanguageModels({ folder: base, threads: 1 });
}

type Models = Awaited<ReturnType<typeof writeBase>>;
type Rows = Pick<Extract<TrainingJob, { method: "sft" }>, "method" | "train" | "validation">;

interface Attempt {
  readonly keys?: object;
  readonly job?: object;
  readonly name: string;
  readonly signal?: AbortSignal;
  readonly baseModel?: string;
  onMetric?(name: string, step: number | undefined): void;
}

/** A job from its start, or from where one of that name was stopped. */
async function train(models: Models, { keys = {}, job = {}, name, signal, baseModel, onMetric }: Attempt) {
  const said = new Map<string, number>();
  const logged: string[] = [];
  const jobFolder = join(folder, `job-${name}`);
  await mkdir(jobFolder, { recursive: true });
  const trainer = commandTrainer({
    command: [PYTHON ?? "python3", "trainers/trl/train.py"],
    env: { HF_HUB_OFFLINE: "1", CUDA_VISIBLE_DEVICES: "" },
    stopGraceMs: MINUTES,
    ...(baseModel === undefined ? {} : { baseModel }),
  });
  const sft: Rows = { method: "sft", train: TRAIN, validation: VALIDATION };
  const outcome = await trainer.train({
    ...{ ...sft, hyperparameters: { ...KEYS, ...keys }, base: models.base, card: "# Data", folder: jobFolder },
    signal: signal ?? new AbortController().signal,
    log: { ...silentLogger, info: (line) => void logged.push(line) },
    onMetric(metric, value, step) {
      said.set(`${metric} ${step}`, value);
      onMetric?.(metric, step);
    },
    ...job,
  });
  return { outcome, said, logged };
}

function filesOf({ model }: TrainingOutcome): ReadonlyMap<string, Uint8Array> {
  if (model.kind === "remote") throw new Error("expected files");
  return model.files;
}

/** Nats a token of the held-out rows, by this engine. */
async function heldOutLoss(models: Models, files: ReadonlyMap<string, Uint8Array>, full = false): Promise<number> {
  const shape = { batch: 4, time: 95 };
  const model = await models.openTrainable({ lora: full ? null : LORA, adapter: files, ...shape, seed: 1 });
  // Row by row: continuations are not laid end to end there.
  const batches = VALIDATION.flatMap((row) =>
    createEvaluationBatches([row], { ...shape, wording: models, maxRows: 9 }),
  );
  let [loss, count] = [0, 0];
  for (const batch of batches) {
    loss += await model.loss(batch);
    count += batch.weights.reduce((sum, weight) => sum + weight, 0);
  }
  await model.close();
  return loss / count;
}

const why = "needs TRILITH_TRL_PYTHON, a Python with trainers/trl/requirements.txt";
describe.skipIf(PYTHON === undefined)(`TRL as the trainer (${why})`, { timeout: 5 * MINUTES }, () => {
  it("learns from instructions and texts; its loss is this engine's, and the voice is another", async () => {
    const models = await writeBase("plain");
    const { outcome, said, logged } = await train(models, { name: "plain" });
    const files = filesOf(outcome);
    expect([...files.keys()].sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    expect(outcome).toMatchObject({ ended: "completed", model: { kind: "lora" } });
    expect(outcome.base).toBeUndefined();
    const { validation_loss: best = Number.NaN } = outcome.metrics;
    expect(best).toBeCloseTo(await heldOutLoss(models, files), 4);
    expect(best).toBeLessThan((said.get("validation_loss 0") as number) - 0.05);
    for (const name of ["train_loss", "learning_rate", "grad_norm"]) expect(said.has(`${name} 6`)).toBe(true);
    expect(logged.join("\n")).toContain("ignored here: sample_every_seconds");
    const bits = async (adapter?: typeof files): Promise<number> => {
      const voice = await models.openVoice(adapter);
      const [found = 0] = await voice.bits([sentence(3)]);
      await voice.close();
      return found;
    };
    expect(await bits(files)).toBeLessThan((await bits()) - 1);
    expect(new TextDecoder().decode(files.get("adapter_config.json"))).not.toContain(folder);
  });

  it("prefers from an adapter on, which is its own frozen reference, in the base's own chat template", async () => {
    const models = await writeBase("templated", { template: TEMPLATE });
    const { outcome: first } = await train(models, { name: "before" });
    const adapter = filesOf(first);
    expect(first.metrics["validation_loss"]).toBeCloseTo(await heldOutLoss(models, adapter), 4);
    const dpo = { method: "dpo", train: pairs(12, 0), validation: pairs(4, 40), adapter };
    const small = train(models, { name: "small", job: dpo });
    await expect(small).rejects.toThrow("force: true");
    const { outcome, said } = await train(models, {
      name: "dpo",
      keys: DPO,
      job: dpo,
    });
    await rm(join(folder, "job-dpo/checkpoints/checkpoint-4"), { recursive: true });
    const again = await train(models, { name: "dpo", keys: DPO, job: dpo });
    expect(again.logged.join("\n")).toContain("checkpoint-2");
    expect(filesOf(again.outcome)).toEqual(filesOf(outcome));
    expect(said.get("train_loss 1")).toBeCloseTo(Math.LN2, 5);
    expect(said.get("rewards/margins 1")).toBeCloseTo(0, 5);
    expect(said.get("rewards/margins 4")).toBeGreaterThan(0.01);
    const shape = { batch: 2, time: 95 };
    const model = await models.openTrainable({ lora: LORA, adapter, ...shape, seed: 1 });
    const found = toTokenPairs(dpo.validation, { wording: models, time: shape.time });
    const logps = await pairLogps(model, toPairBatches(found.pairs, { ...shape, packing: false }));
    await model.close();
    const mean = logps.reduce((sum, { chosen }) => sum + chosen, 0) / logps.length;
    expect(said.get("validation_logps/chosen 0")).toBeCloseTo(mean, 2);
    expect(filesOf(outcome).get("adapter_model.safetensors")).not.toEqual(adapter.get("adapter_model.safetensors"));
  });

  it("saves on SIGTERM and goes on with the losses of a run that was not stopped", async () => {
    const models = await writeBase("stopped");
    const keys = { lora_dropout: 0.1, max_steps: 8 };
    const whole = await train(models, { name: "whole", keys });
    const stop = new AbortController();
    const stopAt = (name: string, step: number | undefined): void => {
      if (name === "train_loss" && step === 3) stop.abort(new DOMException("stop", "AbortError"));
    };
    const stopped = train(models, { name: "stopped", keys, signal: stop.signal, onMetric: stopAt });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    const again = await train(models, { name: "stopped", keys });
    expect(again.logged.join("\n")).toMatch(/going on from .*checkpoint-\d/);
    const curve = ({ said }: typeof whole) =>
      [...said].filter(([name]) => /^(train|validation)_loss/.test(name)).sort();
    expect(curve(again)).toEqual(curve(whole));
    expect(filesOf(again.outcome)).toEqual(filesOf(whole.outcome));
  });

  it("packs where it is asked to, trains all parameters of 8-bit rows, and refuses what it does not know", async () => {
    const models = await writeBase("rows", { int8: true });
    const packed = await train(models, { name: "packed", keys: { packing: true } });
    expect(packed.outcome.metrics["validation_loss"]).toBeCloseTo(
      await heldOutLoss(models, filesOf(packed.outcome)),
      4,
    );
    const other = await writeBase("other");
    const full = await train(other, {
      name: "full",
      baseModel: join(folder, "rows"),
      keys: { use_peft: false, learning_rate: 0.001 },
    });
    expect(full.outcome).toMatchObject({ model: { kind: "full" }, base: { name: "rows" } });
    const loss = await heldOutLoss(models, filesOf(full.outcome), true);
    expect(full.outcome.metrics["validation_loss"]).toBeCloseTo(loss, 4);
    expect(loss).toBeLessThan((full.said.get("validation_loss 0") as number) - 0.05);
    await expect(train(models, { name: "unknown", keys: { lora_rank: 3 } })).rejects.toThrow(
      "config.json has lora_rank",
    );
    expect(await readFile(join(folder, "job-full/dataset/card.md"), "utf8")).toBe("# Data");
  });
});
