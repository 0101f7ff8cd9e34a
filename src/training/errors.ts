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
