/**
 * A service as trainer: rows are uploaded, a fine-tuning job is started and watched to its end, and what comes of it is
 * the name of a model that the service keeps. The job goes on when this process does not: called again with the same
 * folder, it is watched further. Only its cost makes this trainer cancel it.
 */

import { z } from "zod";
import {
  type OpenAiTrainerConfig,
  REMOTE_START,
  type Trainer,
  type TrainingJob,
  type TrainingOutcome,
} from "../contracts/training.ts";
import type { Clock } from "../core/clock.ts";
import { hashJson, shortHash } from "../core/hash.ts";
import { parseWith } from "../core/schema.ts";
import {
  TrainerAnswerError,
  TrainerBusyError,
  TrainerCostError,
  TrainerJobCancelledError,
  TrainerJobFailedError,
  TrainerRequestError,
  TrainerRowsError,
  TrainerStartError,
} from "./open-ai-errors.ts";
import { Metrics } from "./open-ai-events.ts";
import { type Checkpoint, type Job, type Jobs, type NewJob, openAiJobs } from "./open-ai-jobs.ts";
import { EMPTY_RECORD, loadRecord, type ServiceRecord, saveRecord } from "./open-ai-record.ts";
import { type ChatLines, toChatLines } from "./open-ai-rows.ts";

const OPENAI = "https://api.openai.com/v1";
const DEFAULT_POLL_MS = 10_000;
const START_RETRIES = 4;
const MAX_SEED = 2 ** 31 - 1;
/** What a service has no member for: said where it is set. */
const NOT_SENT = ["learning_rate", "max_steps", "max_minutes", "warmup_steps", "resume_from_checkpoint"];

const Config = z.object({
  model: z.string().min(1),
  baseUrl: z.url({ protocol: /^https?$/ }),
  pollMs: z.number().positive().optional(),
  usdPerMillionTokens: z.number().positive().optional(),
  maxCostUsd: z.number().positive().optional(),
  learningRateMultiplier: z.number().positive().optional(),
});

/** What the trainer reaches the world with. */
export interface OpenAiTrainerOptions {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** One job at the service: what is asked of it and with what. */
interface Work {
  readonly job: TrainingJob;
  readonly jobs: Jobs;
  readonly config: OpenAiTrainerConfig & { readonly baseUrl: string };
  readonly clock: Clock;
}

/**
 * A trainer that asks the service. `train` throws the errors of `open-ai-errors.ts`.
 *
 * @throws {InvalidInputError} for a configuration without a model, or with a limit of cost and no price
 */
export function openAiTrainer(given: OpenAiTrainerConfig, { fetch, clock }: OpenAiTrainerOptions): Trainer {
  const baseUrl = (given.baseUrl ?? OPENAI).replace(/\/+$/, "");
  const { apiKey, ...config } = { ...given, baseUrl };
  parseWith(
    Config.refine(({ maxCostUsd, usdPerMillionTokens }) => maxCostUsd === undefined || usdPerMillionTokens, {
      message: "is needed by maxCostUsd",
      path: ["usdPerMillionTokens"],
    }),
    config,
    "trainer.openai",
  );
  return {
    name: "openai",
    fingerprint: hashJson([baseUrl, config.model, config.learningRateMultiplier ?? null]),
    hasOwnBase: true,
    async train(job) {
      const { signal, log } = job;
      const access = {
        baseUrl,
        fetch,
        clock,
        signal,
        onRetry: (message: string) => log.warn(message),
        ...(apiKey ? { apiKey } : {}),
      };
      const work = { job, jobs: openAiJobs(access), config, clock };
      const id = await startedJob(work);
      try {
        return await watch(work, id);
      } catch (error) {
        if (signal.aborted) {
          log.warn(
            `the job ${id} goes on at ${baseUrl}, and is paid for: resume the run to watch it further, or cancel it at the service`,
          );
        }
        throw error;
      }
    },
  };
}

/** The id of the job of this folder: the one there is, or one that is started now. */
async function startedJob(work: Work): Promise<string> {
  const { job, jobs, config } = work;
  const record = await loadRecord(job.folder);
  if (record.jobId !== undefined) {
    job.log.info(`going on with the job ${record.jobId}`);
    return record.jobId;
  }
  const model = startOf(work);
  const { train, validation } = toChatLines(job);
  sayRows(work, { train, validation });
  checkEstimate(work, { train, spentUsd: record.spentUsd ?? 0 });
  const files = await uploadedFiles(work, { record, train, validation });
  const lost = files.starting ? await jobs.findStarted(files.trainingFile) : undefined;
  await saveRecord(job.folder, { ...files, starting: true });
  const started = lost ?? (await start(work, { model, ...filesOf(files), ...seedOf(job), method: methodOf(work) }));
  await saveRecord(job.folder, { ...files, jobId: started.id });
  job.log.info(`the job ${started.id} trains ${model} at ${config.baseUrl}`);
  return started.id;
}

/** Starts it, and before starting it again looks whether the service has done so without being heard. */
async function start({ jobs, job }: Work, wanted: NewJob): Promise<Job> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await jobs.start(wanted);
    } catch (error) {
      // Refused, perhaps for its files: they are not used again.
      if (error instanceof TrainerRequestError) await saveRecord(job.folder, EMPTY_RECORD);
      if (!(error instanceof TrainerBusyError) || attempt > START_RETRIES) throw error;
      job.log.warn(`the job is started again: ${error.message}`);
      await jobs.pause(attempt, error.retryAfterMs);
      const lost = await jobs.findStarted(wanted.training_file);
      if (lost !== undefined) return lost;
    }
  }
}

const filesOf = ({ trainingFile, validationFile }: WithFiles) => ({
  training_file: trainingFile,
  ...(validationFile === undefined ? {} : { validation_file: validationFile }),
});

function seedOf({ hyperparameters: { seed } }: TrainingJob): { seed?: number } {
  return typeof seed === "number" && seed >= 0 && seed <= MAX_SEED ? { seed } : {};
}

type WithFiles = ServiceRecord & { readonly trainingFile: string };

/** Each file is written down as soon as the service has it. */
async function uploadedFiles(
  { job, jobs }: Work,
  { record, train, validation }: { record: ServiceRecord; train: ChatLines; validation: ChatLines },
): Promise<WithFiles> {
  const name = (side: string, { text }: ChatLines): string => `trilith-${side}-${shortHash(hashJson(text))}.jsonl`;
  const trainingFile = record.trainingFile ?? (await jobs.upload(name("train", train), train.text));
  const withTraining = { ...record, trainingFile };
  await saveRecord(job.folder, withTraining);
  if (validation.rowCount === 0 || record.validationFile !== undefined) return withTraining;
  const validationFile = await jobs.upload(name("validation", validation), validation.text);
  const withBoth = { ...withTraining, validationFile };
  await saveRecord(job.folder, withBoth);
  return withBoth;
}

/** What is trained: the configured model, or one that the service made before. */
function startOf({ job: { adapter }, config: { baseUrl, model } }: Work): string {
  if (adapter === undefined) return model;
  const file = adapter.get(REMOTE_START);
  if (file === undefined) throw new TrainerStartError("an adapter's files on this machine", baseUrl);
  const Remote = z.object({ id: z.string().min(1), baseUrl: z.string() });
  const remote = parseWith(Remote, JSON.parse(new TextDecoder().decode(file)), REMOTE_START);
  if (remote.baseUrl !== baseUrl) throw new TrainerStartError(`${remote.id} at ${remote.baseUrl}`, baseUrl);
  return remote.id;
}

function methodOf({ job, config }: Work): NewJob["method"] {
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: times = 1, beta } = job.hyperparameters;
  const hyperparameters = {
    n_epochs: epochsOf(job),
    ...(typeof rows === "number" && typeof times === "number" ? { batch_size: rows * times } : {}),
    ...(config.learningRateMultiplier === undefined ? {} : { learning_rate_multiplier: config.learningRateMultiplier }),
  };
  if (job.method === "sft") return { type: "supervised", supervised: { hyperparameters } };
  return {
    type: "dpo",
    dpo: { hyperparameters: { ...hyperparameters, ...(typeof beta === "number" ? { beta } : {}) } },
  };
}

/** Services train whole epochs. */
function epochsOf({ hyperparameters: { num_train_epochs: epochs = 1, is_dummy } }: TrainingJob): number {
  return is_dummy === true || typeof epochs !== "number" ? 1 : Math.max(1, Math.ceil(epochs));
}

function sayRows({ job }: Work, { train, validation }: { train: ChatLines; validation: ChatLines }): void {
  if (train.rowCount === 0) throw new TrainerRowsError(job.train.length);
  const leftOut = train.leftOut + validation.leftOut;
  if (leftOut > 0) job.log.warn(`${leftOut} rows are too short for a conversation and were left out`);
  const set = NOT_SENT.filter((name) => (job.hyperparameters[name] ?? null) !== null);
  if (set.length > 0) job.log.warn(`the service decides for itself about ${set.join(", ")}`);
}

function checkEstimate({ job, config }: Work, { train, spentUsd }: { train: ChatLines; spentUsd: number }): void {
  const tokens = train.tokenCount * epochsOf(job);
  const costUsd = costOf(config, tokens);
  job.log.info(`about ${tokens} tokens to train on${costUsd === undefined ? "" : `, ${costUsd.toFixed(2)} USD`}`);
  const { maxCostUsd } = config;
  if (costUsd === undefined || maxCostUsd === undefined) return;
  if (costUsd > maxCostUsd) throw new TrainerCostError("The job is not started by its estimate", costUsd, maxCostUsd);
  if (spentUsd >= maxCostUsd) {
    throw new TrainerCostError("The job is not started again, having been cancelled at its cost", spentUsd, maxCostUsd);
  }
}

function costOf({ usdPerMillionTokens }: OpenAiTrainerConfig, tokens: number): number | undefined {
  return usdPerMillionTokens === undefined ? undefined : (tokens * usdPerMillionTokens) / 1e6;
}

/** Looks at the job until it has ended. */
async function watch(work: Work, id: string): Promise<TrainingOutcome> {
  const { job, jobs, config, clock } = work;
  const metrics = new Metrics(job);
  let status = "";
  for (;;) {
    const now = await jobs.get(id);
    if (now.status !== status) job.log.info(`the job ${id} is ${now.status.replaceAll("_", " ")}`);
    status = now.status;
    metrics.hear(await jobs.eventsAfter(id, metrics.seen));
    if (status === "succeeded") return toOutcome(work, { ended: now, metrics });
    if (status === "failed" || status === "cancelled") {
      // Failed files are not used again; those of a job that somebody cancelled are.
      const { trainingFile, validationFile } = await loadRecord(job.folder);
      const files = { ...(trainingFile && { trainingFile }), ...(validationFile && { validationFile }) };
      await saveRecord(job.folder, { ...EMPTY_RECORD, ...(status === "cancelled" ? files : {}) });
      throw status === "failed" ? new TrainerJobFailedError(id, now.error ?? null) : new TrainerJobCancelledError(id);
    }
    await checkCost(work, now);
    await clock.sleep(config.pollMs ?? DEFAULT_POLL_MS, job.signal);
  }
}

/** Cancels a job that has cost more than it may. */
async function checkCost({ job, jobs, config }: Work, { id, trained_tokens: tokens }: Job): Promise<void> {
  const spentUsd = costOf(config, tokens ?? 0) ?? 0;
  if (config.maxCostUsd === undefined || spentUsd <= config.maxCostUsd) return;
  try {
    await jobs.cancel(id);
  } catch (error) {
    if (error instanceof TrainerRequestError) return; // it has ended meanwhile, as the next look shows
    throw error;
  }
  const { jobId: _, ...record } = await loadRecord(job.folder);
  await saveRecord(job.folder, { ...record, starting: false, spentUsd });
  throw new TrainerCostError(`The job ${id} was cancelled after ${tokens} trained tokens`, spentUsd, config.maxCostUsd);
}

async function toOutcome(
  { job, jobs, config }: Work,
  { ended, metrics }: { ended: Job; metrics: Metrics },
): Promise<TrainingOutcome> {
  const { id, fine_tuned_model: last, trained_tokens: tokens } = ended;
  if (!last)
    throw new TrainerAnswerError(`the question for the job ${id}`, "it succeeded and names no fine_tuned_model");
  const best = bestOf(await jobs.checkpoints(id), last);
  if (best !== undefined && best.fine_tuned_model_checkpoint !== last) {
    job.log.info(`the checkpoint after step ${best.step_number} predicts the held-out rows best and is taken`);
  }
  const costUsd = tokens == null ? undefined : costOf(config, tokens);
  if (costUsd !== undefined && costUsd > (config.maxCostUsd ?? Number.POSITIVE_INFINITY))
    job.log.warn(
      `the job has cost about ${costUsd.toFixed(2)} USD, more than maxCostUsd: the service told it at the end`,
    );
  job.log.info("the uploaded files stay with the service until they are deleted there");
  return {
    model: { kind: "remote", id: best?.fine_tuned_model_checkpoint ?? last, baseUrl: config.baseUrl },
    base: {
      name: ended.model || config.model,
      fingerprint: hashJson(["openai", config.baseUrl, ended.model || config.model]),
    },
    metrics: {
      ...metrics.last(),
      ...(best === undefined ? {} : { validationLoss: lossOf(best) }),
      ...(tokens == null ? {} : { trainedTokens: tokens }),
      ...(costUsd === undefined ? {} : { costUsd }),
    },
    ended: "completed",
  };
}

/** The checkpoint with the lowest loss on all held-out rows; the last model, where it is as good or none was measured. */
function bestOf(checkpoints: readonly Checkpoint[], last: string): Checkpoint | undefined {
  const isLast = (each: Checkpoint): number => Number(each.fine_tuned_model_checkpoint === last);
  return checkpoints
    .filter((each) => Number.isFinite(lossOf(each)))
    .toSorted((a, b) => lossOf(a) - lossOf(b) || isLast(b) - isLast(a) || b.step_number - a.step_number)[0];
}

function lossOf({ metrics }: Checkpoint): number {
  const loss = metrics["full_valid_loss"];
  return typeof loss === "number" ? loss : Number.NaN;
}
