/** What can go wrong in a key that a step makes for itself. */

import { messageOf, TrilithError } from "../core/errors.ts";

/** Thrown when a step's own `cacheKey` throws; `cause` is what it threw. */
export class CacheKeyError extends TrilithError {
  override readonly code = "cache-key-failed";
  override readonly retryable = false;
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(
      `The cacheKey of the step ${step} failed (${messageOf(cause)}); expected a JSON value for every input that its ` +
        "schema accepts. Mend it, or take it out: the key is then made of the step's code and inputs.",
      { cause },
    );
    this.step = step;
  }
}
