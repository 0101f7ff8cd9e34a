/** What can be missing when models are evaluated. */

import { TrilithError } from "../core/errors.ts";

/** Thrown when no model is there to evaluate. */
export class NoModelError extends TrilithError {
  override readonly code = "evaluation-no-model";
  override readonly usage = true;

  constructor(author: string | undefined, known: readonly string[]) {
    const what = author === undefined ? "There is no model to evaluate" : `The registry holds no model of ${author}`;
    super(
      known.length > 0
        ? `${what}; it holds models of: ${known.join(", ")}. Name one of them, or run training for the author first.`
        : `${what}; expected one that training has registered. Run training first.`,
    );
  }
}

/** Thrown when services keep all models that are to be evaluated. */
export class RemoteModelsError extends TrilithError {
  override readonly code = "evaluation-remote-models";
  override readonly usage = true;

  constructor(models: readonly string[]) {
    super(
      `Services keep ${models.join(", ")}; expected a model with files, for what an evaluation measures needs its ` +
        "probabilities. A remote model is asked at its service; run training with trainer: local for one that can be measured.",
    );
  }
}

/** Thrown when a model was trained on another base than the one in use. */
export class BaseChangedError extends TrilithError {
  override readonly code = "evaluation-base-changed";
  override readonly usage = true;

  constructor(model: string, trained: string, inUse: string) {
    super(
      `${model} was trained on the base ${trained}, and ${inUse} is in use; an adapter fits its own base only. ` +
        "Use that base again, or run training for the author anew.",
    );
  }
}
