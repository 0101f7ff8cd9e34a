/**
 * A program as trainer: it is given a folder with the dataset, a configuration and what an earlier attempt saved, says
 * its metrics while it runs, and leaves the model's files. docs/trainers.md is the whole contract.
 */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import type { CommandTrainerConfig, Trainer, TrainingJob, TrainingOutcome } from "../contracts/training.ts";
import { processEnvironment } from "../core/environment.ts";
import { hashJson } from "../core/hash.ts";
import { runProgram } from "../core/program.ts";
import { parseWith } from "../core/schema.ts";
import { TrainerFailedError, TrainerOutputError } from "./errors.ts";
import { programFiles } from "./program-files.ts";

/** A checkpoint of a large model takes its time. */
const DEFAULT_GRACE_MS = 30_000;
const LONGEST_GRACE_MS = 600_000;

const Config = z.object({
  command: z.array(z.string().min(1)).min(1),
  files: z.array(z.string().min(1)).optional(),
  stopGraceMs: z.number().min(0).max(LONGEST_GRACE_MS).optional(),
});

const Result = z.object({
  kind: z.enum(["lora", "full"]).default("lora"),
  ended: z.enum(["completed", "early-stop", "chosen-fell", "time"]).default("completed"),
  metrics: z.record(z.string(), z.number()).default({}),
  base: z.object({ name: z.string(), fingerprint: z.string() }).optional(),
});

const Said = z.object({ metric: z.string(), value: z.number(), step: z.int().optional() });
const Progress = z.object({ progress: z.int().nonnegative(), of: z.int().positive(), label: z.string().optional() });

/**
 * A trainer that runs the command.
 *
 * @throws {InvalidInputError} for a configuration that cannot be; {TrainerFailedError} {TrainerOutputError} from `train`
 */
export function commandTrainer(config: CommandTrainerConfig): Trainer {
  parseWith(Config, config, "trainer");
  const [command, ...args] = config.command;
  const { stopGraceMs = DEFAULT_GRACE_MS } = config;
  const folderKey = hashJson([config.command, config.env ?? {}, config.baseModel ?? null]);
  return {
    name: "command",
    folderKey,
    // Asked each time: a process that stays notices a mended program.
    get fingerprint() {
      return hashJson([folderKey, programFiles(config)]);
    },
    hasOwnBase: config.baseModel !== undefined,
    async train(job) {
      const base = baseOf(job, config.baseModel);
      await writeJob(job, base);
      const sayStop = (): void => job.log.info(`${command} was told to stop, and has ${stopGraceMs / 1000} s to save`);
      job.signal.addEventListener("abort", sayStop, { once: true });
      const end = await runProgram(
        { command, args: [...args, job.folder] },
        {
          cwd: process.cwd(),
          env: { ...processEnvironment(), ...config.env },
          signal: job.signal,
          killAfterMs: stopGraceMs,
          onLine: (stream, line) => (stream === "stderr" ? job.log.warn(line) : hear(line, job)),
        },
      )
        .catch((cause: unknown) => {
          job.signal.throwIfAborted();
          throw new TrainerFailedError(command, { cause });
        })
        .finally(() => job.signal.removeEventListener("abort", sayStop));
      if (end.code !== 0) throw new TrainerFailedError(command, end);
      const outcome = await readOutcome(command, join(job.folder, "output"));
      if (base.isOtherBase && !outcome.base) throw new TrainerOutputError(command, "did not say which base it trained");
      return outcome;
    },
  };
}

/** What is to be trained, and whether it is another base than the workspace's. */
function baseOf({ base }: TrainingJob, baseModel: string | undefined) {
  const own = resolve(base.folder ?? base.name);
  const isOtherBase = baseModel !== undefined && resolve(baseModel) !== own;
  return { base: isOtherBase ? baseModel : own, isOtherBase };
}

async function writeJob(job: TrainingJob, base: ReturnType<typeof baseOf>): Promise<void> {
  const { folder, method, hyperparameters, train, validation, card, adapter } = job;
  // What an attempt that failed had written is not taken for what this one writes.
  await rm(join(folder, "output"), { recursive: true, force: true });
  for (const name of ["dataset", "output/model", "checkpoints"]) await mkdir(join(folder, name), { recursive: true });
  const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await writeFile(join(folder, "dataset/train.jsonl"), lines(train));
  await writeFile(join(folder, "dataset/validation.jsonl"), lines(validation));
  await writeFile(join(folder, "dataset/card.md"), card);
  for (const [path, bytes] of adapter ?? []) {
    await mkdir(dirname(join(folder, "adapter", path)), { recursive: true });
    await writeFile(join(folder, "adapter", path), bytes);
  }
  const start = { ...base, adapter: adapter === undefined ? null : "adapter" };
  const config = { schemaVersion: 1, method, ...start, hyperparameters };
  await writeFile(join(folder, "config.json"), JSON.stringify(config, undefined, 2));
}

/** A line that says a metric or how far it is; any other is logged. */
function hear(line: string, { log, onMetric, onProgress }: TrainingJob): void {
  const json = parseJson(line);
  const said = Said.safeParse(json).data;
  const progress = Progress.safeParse(json).data;
  if (said) onMetric(said.metric, said.value, said.step);
  else if (progress) onProgress?.(progress.progress, progress.of, progress.label);
  else log.info(line);
}

async function readOutcome(command: string, output: string): Promise<TrainingOutcome> {
  const written = await readFile(join(output, "result.json"), "utf8").catch(() => "");
  const result = Result.safeParse(parseJson(written)).data;
  if (result === undefined) throw new TrainerOutputError(command, "wrote no result.json that can be read");
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(join(output, "model"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(join(output, "model"), path).split(sep).join("/"), await readFile(path));
  }
  if (files.size === 0) throw new TrainerOutputError(command, "left output/model empty");
  const { kind, metrics, ended, base } = result;
  return { model: { kind, files }, metrics, ended, ...(base && { base }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // text, or cut off
  }
}
