/** What can be wrong with weights, adapters' targets and batches that are given to a Llama model. */

import { TrilithError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { PROJECTIONS } from "./llama-config.ts";

/** Thrown when a checkpoint lacks a weight that its configuration calls for, or holds it in another size. */
export class MissingWeightError extends TrilithError {
  override readonly code = "llama-weight-missing";
  override readonly usage = true;
  readonly tensor: string;

  constructor(tensor: string, shape: readonly number[], found: number | readonly number[] | undefined) {
    const size = typeof found === "number" ? `${found} numbers` : `[${found?.join(", ")}]`;
    const state = found === undefined ? "absent" : size;
    super(`The weight ${tensor} is ${state}; expected [${shape.join(", ")}]. Give the checkpoint its own config.json.`);
    this.tensor = tensor;
  }
}

/** Thrown when a checkpoint holds what is no number, as a training that exploded leaves it. */
export class WeightNotFiniteError extends TrilithError {
  override readonly code = "weight-not-finite";
  override readonly usage = true;
  readonly tensor: string;

  constructor(at: { tensor: string; fileName: string; index: number; value: number }) {
    super(
      `The weight ${at.tensor} of ${at.fileName} is ${at.value} at element ${at.index}; expected finite numbers. ` +
        "Fetch the checkpoint again; where a training wrote it, take an earlier one and train on with a lower learning rate.",
    );
    this.tensor = at.tensor;
  }
}

/** Thrown when LoRA is asked to adapt a module that is none of Llama's projections. */
export class UnknownProjectionError extends TrilithError {
  override readonly code = "lora-target-unknown";
  override readonly usage = true;
  readonly target: string;

  constructor(target: string) {
    const guess = nearest(target, PROJECTIONS);
    const advice = guess ? `Did you mean ${guess}?` : "Name projections only.";
    super(`LoRA cannot target ${target}; the projections are ${PROJECTIONS.join(", ")}. ${advice}`);
    this.target = target;
  }
}

interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/** Thrown when a batch has another shape than the model was opened for. */
export class BatchShapeError extends TrilithError {
  override readonly code = "batch-shape-mismatch";

  constructor(given: BatchShape, expected: BatchShape) {
    const shape = ({ batch, time }: BatchShape): string => `[${batch}, ${time}]`;
    super(
      `The batch has shape ${shape(given)}; this model was opened for ${shape(expected)}. ` +
        "Pack batches of that shape, or open the model for this one.",
    );
  }
}
