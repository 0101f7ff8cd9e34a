/** What can go wrong while a model is trained. */

import { TrilithError } from "../core/errors.ts";

/** Thrown when a saved optimizer state does not belong to the model that is trained. */
export class OptimizerStateError extends TrilithError {
  override readonly code = "optimizer-state-mismatch";

  constructor(array: string, expected: number, found: number | undefined) {
    const state = found === undefined ? "is missing" : `holds ${found} numbers`;
    super(
      `The saved optimizer state cannot be used: ${array} ${state}, expected ${expected}. ` +
        "Resume with the model and optimizer settings of the saved run, or start afresh.",
    );
  }
}

/** The newest checkpoint of a run. */
interface Moment {
  readonly step: number;
  readonly folder: string;
}

const remedyFrom = (checkpoint: Moment | undefined): string =>
  checkpoint === undefined
    ? "Lower learning_rate, lengthen warmup_steps or lower max_grad_norm, and start again."
    : `The last good checkpoint is that of step ${checkpoint.step}. Lower learning_rate, lengthen warmup_steps or lower ` +
      `max_grad_norm, and start again; with resume_from_checkpoint: ${checkpoint.folder} it goes on from there.`;

/** Thrown when a loss or a gradient is no longer a finite number; the parameters are then those of the step before. */
export class TrainingDivergedError extends TrilithError {
  override readonly code = "training-diverged";
  override readonly usage = true;
  readonly step: number;
  readonly #about: readonly [what: string, value: number];

  constructor(step: number, [what, value]: readonly [what: string, value: number], checkpoint?: Moment) {
    const found = `Training diverged at step ${step + 1}: the ${what} is ${value}, expected a finite number.`;
    super(`${found} ${remedyFrom(checkpoint)}`);
    this.step = step;
    this.#about = [what, value];
  }

  /** The same, saying where to go on. */
  withCheckpoint(checkpoint: Moment | undefined): TrainingDivergedError {
    return new TrainingDivergedError(this.step, this.#about, checkpoint);
  }
}

/** Thrown when a loss is a finite number, but has been far above the lowest for several steps. */
export class LossExplodedError extends TrilithError {
  override readonly code = "loss-exploded";
  override readonly usage = true;
  readonly step: number;

  constructor({ step, loss, lowest }: { step: number; loss: number; lowest: number }, checkpoint?: Moment) {
    super(
      `The loss exploded: it is ${loss.toPrecision(4)} at step ${step + 1} and was ${lowest.toPrecision(4)}; expected it ` +
        `to fall or to stay. ${remedyFrom(checkpoint)}`,
    );
    this.step = step;
  }
}

/** Thrown when a checkpoint cannot be written; those before it are still there, and a run goes on from the last. */
export class CheckpointWriteError extends TrilithError {
  override readonly code = "checkpoint-not-written";
  override readonly usage = true;
  /** Of the newest checkpoint on disk. */
  readonly lastStep: number | undefined;

  constructor(about: { folder: string; step: number; lastStep: number | undefined; reason: string }, cause?: unknown) {
    const { folder, step, lastStep, reason } = about;
    const last = lastStep === undefined ? "there is no earlier one" : `the last whole one is that of step ${lastStep}`;
    super(
      `The checkpoint of step ${step} was not written to ${folder}: ${reason}; ${last}. ` +
        "Make room on the disk and start the same run again: it goes on from there.",
      { cause },
    );
    this.lastStep = lastStep;
  }
}

/** Told of, not thrown, for a checkpoint that is no longer what was written: the one before it is taken. */
export class CheckpointDamagedError extends TrilithError {
  override readonly code = "checkpoint-damaged";

  constructor(path: string, why: string) {
    super(
      `The checkpoint ${path} is damaged: ${why}. The run goes on from the one before, or from its start where there ` +
        "is none. Look after the disk; the file may be removed.",
    );
  }
}

/** Thrown when a run is to go on from checkpoints that are not there. */
export class CheckpointMissingError extends TrilithError {
  override readonly code = "checkpoint-missing";
  override readonly usage = true;

  constructor(folder: string) {
    super(
      `There is no whole checkpoint in ${folder}, which resume_from_checkpoint names; expected files step-….checkpoint. ` +
        "Name the folder of a run that was stopped, or leave it out to begin at the start.",
    );
  }
}

/** Thrown when preferences are to be learnt by a base that is too small for them. */
export class BaseTooSmallError extends TrilithError {
  override readonly code = "base-too-small";
  override readonly usage = true;

  constructor(base: string, parameterCount: number, needed: number) {
    super(
      `The base ${base} has ${parameterCount.toLocaleString("en")} parameters, and preferences need ` +
        `${needed.toLocaleString("en")}: a smaller one learns the pairs' template and forgets the voice. ` +
        "Choose a larger base, or say force: true.",
    );
  }
}

/** Thrown when no row of a dataset can be trained on. */
export class NothingToTrainOnError extends TrilithError {
  override readonly code = "nothing-to-train-on";
  override readonly usage = true;

  constructor(use: string, rowCount: number, time: number) {
    super(
      `None of ${rowCount} pairs can be used for ${use}: expected pairs with two answers that are not empty, and of at ` +
        `most ${time} tokens with their prompt. Look at the dataset, or raise max_seq_length.`,
    );
  }
}

/** Thrown when an option cannot be had with another. */
export class OptionConflictError extends TrilithError {
  override readonly code = "option-conflict";
  override readonly usage = true;

  constructor(option: string, value: unknown, expected: string) {
    super(`${option} is ${JSON.stringify(value)}; expected ${expected}. Change ${option}, or leave it out.`);
  }
}

/** Thrown when the version that training should start from is not in the registry. */
export class StartUnclearError extends TrilithError {
  override readonly code = "start-unclear";
  override readonly usage = true;

  constructor(start: string, known: readonly string[]) {
    super(
      `start_from is ${JSON.stringify(start)}, and the registry has no such model; expected latest, base, or one of: ` +
        `${known.join(", ") || "none yet"}. Fine-tune with finetuning_type: sft first, or say start_from: base.`,
    );
  }
}

/** Thrown when training is to go on here from a model that a service keeps. */
export class StartRemoteError extends TrilithError {
  override readonly code = "start-remote";
  override readonly usage = true;

  constructor(model: string, baseUrl: string) {
    super(
      `${model} is kept by the service at ${baseUrl}; expected a model whose files are here, or trainer: { openai } with that ` +
        "service. Say start_from: base, or name another version.",
    );
  }
}
