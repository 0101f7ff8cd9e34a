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

/** Thrown when a loss or a gradient is no longer a finite number. */
export class TrainingDivergedError extends TrilithError {
  override readonly code = "training-diverged";
  readonly step: number;

  constructor(step: number, what: string, value: number) {
    super(
      `Training diverged at step ${step}: the ${what} is ${value}, expected a finite number. ` +
        "Lower the learning rate or lengthen the warm-up, and resume from the last checkpoint.",
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
