/** What can be wrong with a request to the registry. */

import { TrilithError } from "../../core/errors.ts";

/** Thrown when a stage is given to a version that the registry does not hold. */
export class ModelVersionMissingError extends TrilithError {
  override readonly code = "model-version-missing";
  override readonly usage = true;

  constructor(name: string, version: number, known: readonly number[]) {
    super(
      `The registry holds no version ${version} of ${name}; ` +
        (known.length > 0
          ? `expected one of: ${known.join(", ")}.`
          : "it holds no version of that name. Train the model first, or correct the name."),
    );
  }
}
