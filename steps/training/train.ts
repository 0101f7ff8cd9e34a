/** Trains on the training side of a dataset, on this machine or wherever the configuration says, and says how it goes. */

import { createHash } from "node:crypto";
import { chart, Folder, folder, json, type StepContext, step, type TrainingJob } from "trilith";
import { holdOutDocuments, PreferencePair, Sample } from "trilith/datasets";
import { type CurvePoint, curveChart, holdOutPairs, rowsFor } from "trilith/training";
import { z } from "zod";
import { Hyperparameters } from "./hyperparameters.ts";
import { localTrainer } from "./local-trainer.ts";

const Chosen = z.record(z.string(), z.json());

/** How a training run went. Losses are nats a token, or what DPO calls its loss. */
export const TrainingReport = z.object({
  trainer: z.string(),
  method: z.enum(["sft", "dpo"]),
  kind: z.enum(["lora", "full", "remote"]),
  /** Of a model that a service keeps. */
  remote: z.object({ id: z.string(), baseUrl: z.string() }).nullable(),
  /** What was trained, where it is not the workspace's base. */
  base: z.object({ name: z.string(), fingerprint: z.string() }).nullable(),
  ended: z.enum(["completed", "early-stop", "chosen-fell", "time"]),
  metrics: z.record(z.string(), z.number()),
  /** Hyperparameters as they were used, where the configuration had left them open. */
  chosen: Chosen.default({}),
});
export type TrainingReport = z.infer<typeof TrainingReport>;

/** A program decides when it ends; Ctrl-C a second time ends it at once. */
const LONGEST_STOP_MS = 610_000;

export const train = step({
  name: "train",
  input: z.object({
    method: z.enum(["sft", "dpo"]).default("sft"),
    /** For sft. */
    samples: z.array(Sample).readonly().default([]),
    /** For dpo. */
    pairs: z.array(PreferencePair).readonly().default([]),
    /** Files of the model to go on from. */
    start: Folder.nullable().default(null),
    card: z.string().default(""),
    /** Share of the training documents that chooses the best parameters. */
    validation_split_size: z.number().gt(0).lt(1).default(0.1),
    hyperparameters: Hyperparameters,
  }),
  outputs: { adapter: folder(), report: json(TrainingReport), curve: chart() },
  uses: ["languageModels", "trainer"],
  stopGraceMs: LONGEST_STOP_MS,
  async run(input, context) {
    const { workspace, clock, log, metadata } = context;
    const trainer = workspace.trainer ?? localTrainer({ models: workspace.languageModels, clock });
    const points = new Map<number, CurvePoint>();
    const { base } = workspace.languageModels;
    const jobFolder = await context.folder([trainer.folderKey ?? trainer.fingerprint, base.fingerprint, keyOf(input)]);
    const outcome = await trainer.train({
      ...rowsOf(input, context),
      hyperparameters: toJson(input.hyperparameters),
      base,
      ...(input.start === null ? {} : { adapter: input.start }),
      card: input.card,
      folder: jobFolder,
      signal: context.signal,
      log,
      onMetric(name, value, at) {
        context.metric(name, value, at);
        addPoint(points, { name, value, at });
      },
      onProgress: context.progress,
    });
    metadata.log({ ...outcome.metrics, trainer: trainer.name, ended: outcome.ended });
    const { model } = outcome;
    const report = {
      trainer: trainer.name,
      method: input.method,
      kind: model.kind,
      remote: model.kind === "remote" ? { id: model.id, baseUrl: model.baseUrl } : null,
      base: outcome.base ?? null,
      ended: outcome.ended,
      metrics: outcome.metrics,
      chosen: Chosen.parse(outcome.chosen ?? {}),
    };
    const files: Folder = model.kind === "remote" ? new Map() : model.files;
    const curve = curveChart(`Training by ${input.method} on ${base.name}`, [...points.values()]);
    return { adapter: files, report, curve };
  },
});

type FolderKey = Parameters<StepContext["folder"]>[0];
type TrainInput = Parameters<(typeof train)["run"]>[0];

/** The rows of the method, those that the base learns from, with some held out. */
function rowsOf(
  { method, samples, pairs, validation_split_size: fraction, hyperparameters: { seed } }: TrainInput,
  { workspace, log }: Pick<StepContext<"languageModels" | "trainer">, "workspace" | "log">,
) {
  if (method === "dpo") return { method: "dpo" as const, ...holdOutPairs(pairs, { fraction, seed }) };
  const usable = workspace.trainer?.hasOwnBase ? samples : rowsFor(workspace.languageModels, samples);
  if (usable.length < samples.length) {
    log.info("the base is too small for instructions: it trains on continuations alone", {
      samples: samples.length,
      used: usable.length,
    });
  }
  return { method: "sft" as const, ...holdOutDocuments(usable, { fraction, seed }) };
}

/** What decides what comes of a job, without what only decides how it is kept and watched: the same job is gone on with. */
function keyOf({ start, card: _, hyperparameters, ...rows }: TrainInput): FolderKey {
  const { save_steps, save_minutes, save_total_limit, sample_every_seconds, sample_prompt, ...deciding } =
    hyperparameters;
  const files = [...(start ?? [])].map(([path, bytes]) => [path, createHash("sha256").update(bytes).digest("hex")]);
  return JSON.parse(JSON.stringify({ ...rows, hyperparameters: deciding, start: files })) as FolderKey; // made of JSON
}

/** The members that are there. */
function toJson(hyperparameters: Hyperparameters): TrainingJob["hyperparameters"] {
  return Object.fromEntries(
    Object.entries(hyperparameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function addPoint(
  points: Map<number, CurvePoint>,
  { name, value, at }: { name: string; value: number; at: number | undefined },
): void {
  if (at === undefined) return;
  const point = points.get(at) ?? { step: at };
  if (name === "train_loss") points.set(at, { ...point, loss: value });
  if (name === "validation_loss") points.set(at, { ...point, validationLoss: value });
}
