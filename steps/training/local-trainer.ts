/** The trainer that is this process: jobs by the names of the configuration, run by `fineTune` and `trainDpo`. */

import { join } from "node:path";
import type { LanguageModels, StepContext, Trainer, TrainingJob, TrainingOutcome } from "trilith";
import {
  type Checkpoints,
  type CurvePoint,
  fineTune,
  openCheckpoints,
  sparkline,
  type TrainingReport,
  type TrainingResult,
  trainDpo,
} from "trilith/training";
import { Hyperparameters, toTrainingOptions } from "./hyperparameters.ts";

/** Trains on this machine; what a killed attempt left in a job's folder is gone on with. */
export function localTrainer({ models, clock }: { models: LanguageModels; clock: StepContext["clock"] }): Trainer {
  return {
    name: "local",
    fingerprint: models.base.fingerprint,
    async train(job) {
      const hyperparameters = Hyperparameters.parse(job.hyperparameters);
      const checkpoints = await openJobCheckpoints(job, hyperparameters);
      if (hyperparameters.is_dummy) job.log.warn("is_dummy is true: a trial of one epoch and at most 20 steps");
      let told = false;
      const onStep = (report: TrainingReport): void => {
        observe(report, job);
        if (!told) sayEstimate(report, job);
        told = true;
      };
      const setting = {
        onStep,
        onResume: (curve: readonly CurvePoint[]) => recall(curve, job),
        ...{ models, clock, checkpoints, signal: job.signal, options: toTrainingOptions(hyperparameters) },
        ...(job.adapter === undefined ? {} : { start: job.adapter }),
      };
      const result =
        job.method === "sft"
          ? await fineTune({ ...setting, train: job.train, validation: job.validation })
          : await trainDpo({ ...setting, train: job.train, validation: job.validation });
      sayHowItWent(result, job);
      return toOutcome(result);
    },
  };
}

function openJobCheckpoints({ folder, log }: TrainingJob, parameters: Hyperparameters): Promise<Checkpoints> {
  const { save_total_limit: keep, resume_from_checkpoint: from } = parameters;
  return openCheckpoints({
    ...{ folder: join(folder, "checkpoints"), keep, onDamaged: (error) => log.warn(error.message) },
    ...(from === undefined ? {} : { from }),
  });
}

/** Hands a step's numbers on, under the names that TRL gives them where it has one. */
function observe(report: TrainingReport, job: TrainingJob): void {
  const { step, stepCount, loss, validationLoss, sampleText, tokensPerSecond, secondsLeft, values } = report;
  const numbers: Record<string, number> = {
    train_loss: loss,
    learning_rate: report.learningRate,
    grad_norm: report.gradientNorm,
    tokens_per_second: tokensPerSecond,
    peak_memory_mib: report.peakMemoryBytes / 2 ** 20,
    seconds_left: secondsLeft,
    ...(validationLoss === undefined ? {} : { validation_loss: validationLoss }),
    ...values,
  };
  for (const [name, value] of Object.entries(numbers)) job.onMetric(name, value, step);
  if (sampleText !== undefined) job.log.info("sample", { step, text: sampleText });
  const pace = `${Math.round(tokensPerSecond)} tokens/s, ${duration(secondsLeft)} left`;
  const memory = `${(report.peakMemoryBytes / 2 ** 30).toFixed(1)} GiB`;
  job.onProgress?.(step, stepCount, `loss ${loss.toFixed(3)}, ${pace}, ${memory}`);
}

/** The losses of the steps before a run was killed, so that the whole curve is with the attempt that ends it. */
function recall(curve: readonly CurvePoint[], { log, onMetric }: TrainingJob): void {
  log.info(`going on after step ${curve.at(-1)?.step ?? 0}`);
  for (const { step, loss, validationLoss } of curve) {
    if (loss !== undefined) onMetric("train_loss", loss, step);
    if (validationLoss !== undefined && step > 0) onMetric("validation_loss", validationLoss, step);
  }
}

/** The estimate that the first step allows. */
function sayEstimate(
  { step, stepCount, tokensPerSecond, secondsLeft, peakMemoryBytes }: TrainingReport,
  job: TrainingJob,
): void {
  job.log.info(`about ${duration(secondsLeft)} for the ${stepCount - step} steps left, by the first`, {
    tokensPerSecond: Math.round(tokensPerSecond),
    peakMemoryMib: Math.round(peakMemoryBytes / 2 ** 20),
  });
}

function sayHowItWent({ curve, metrics, skipped, filledFraction }: TrainingResult, job: TrainingJob): void {
  if (skipped.cut > 0)
    job.log.warn(`${skipped.cut} rows are longer than max_seq_length: the ends of answers were cut off`);
  if (skipped.tooLong > 0)
    job.log.warn(`${skipped.tooLong} rows were left out: max_seq_length has no place for their answers`);
  if (skipped.empty > 0) job.log.warn(`${skipped.empty} rows have no answer and were left out`);
  const losses = curve.flatMap(({ loss }) => loss ?? []);
  job.log.info(`loss ${losses[0]?.toFixed(3)} ${sparkline(losses, 24)} ${metrics.finalTrainLoss.toFixed(3)}`, {
    validationLoss: metrics.validationLoss,
    filledFraction,
  });
}

function toOutcome(result: TrainingResult): TrainingOutcome {
  const { kind, files, metrics, values, ended, skipped, filledFraction } = result;
  const rows = { rowsCut: skipped.cut, rowsTooLong: skipped.tooLong, rowsEmpty: skipped.empty, filledFraction };
  return { model: { kind, files }, metrics: { ...metrics, ...values, ...rows }, ended, chosen: chosenOf(result) };
}

/** What depends on the base and on the model that was gone on from. */
function chosenOf({ settings: { learningRate, lora } }: TrainingResult) {
  return {
    learning_rate: learningRate,
    use_peft: lora !== null,
    ...(lora && { lora_r: lora.r, lora_alpha: lora.alpha, lora_target_modules: [...lora.targetModules] }),
  };
}

/** Seconds for people. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
