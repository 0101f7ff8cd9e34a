/** What can go wrong while a dataset is made and while a model is trained. */

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

/** Thrown when an author has written too little for a dataset. */
export class TooLittleTextError extends TrilithError {
  override readonly code = "too-little-text";
  override readonly usage = true;
  readonly wordCount: number;
  readonly neededWordCount: number;

  constructor(author: string, { wordCount, neededWordCount }: { wordCount: number; neededWordCount: number }) {
    super(
      `${author} has ${wordCount} words of prose, too few for a dataset; at least ${neededWordCount} are needed. ` +
        "Collect more of what they have written.",
    );
    this.wordCount = wordCount;
    this.neededWordCount = neededWordCount;
  }
}

/** Thrown when documents cannot be split into train and test, because fewer than two unlike ones are left. */
export class TooFewDocumentsError extends TrilithError {
  override readonly code = "too-few-documents";
  override readonly usage = true;

  constructor(documentCount: number, groupCount: number) {
    super(
      `${documentCount} documents make ${groupCount} groups of unlike ones; at least 2 are needed, one to learn from ` +
        "and one to test on. Collect more documents.",
    );
  }
}
