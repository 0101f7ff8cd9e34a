/** What can be wrong with a value that is to be kept, or with bytes that are to be read back. */

import { messageOf, TrilithError } from "../../core/errors.ts";

/** Thrown when a step returns a value that its output's materializer does not keep. */
export class ValueNotStorableError extends TrilithError {
  override readonly code = "value-not-storable";

  constructor(what: string, found: string, expected: string) {
    super(`${what} is ${found}; expected ${expected}. Return that, or declare another materializer for the output.`);
  }
}

/** Thrown when the bytes of an artifact are not what its materializer writes. */
export class ContentUnreadableError extends TrilithError {
  override readonly code = "artifact-content-unreadable";

  /** @param reason  what is wrong with the bytes, or the error that says so */
  constructor(materializer: string, expected: string, reason: unknown) {
    super(
      `The bytes of an artifact kept as ${materializer} cannot be read (${typeof reason === "string" ? reason : messageOf(reason)}); ` +
        `expected ${expected}. Run the step that makes it again.`,
      typeof reason === "string" ? {} : { cause: reason },
    );
  }
}
