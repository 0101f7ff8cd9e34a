/** What can go wrong with a trainer that is not this process. */

import { messageOf, TrilithError } from "../core/errors.ts";
import type { ProgramEnd } from "../core/program.ts";

/** Thrown when a training program cannot be started or ends with another exit code than 0. */
export class TrainerFailedError extends TrilithError {
  override readonly code = "trainer-failed";

  constructor(command: string, end: ProgramEnd | { readonly cause: unknown }) {
    const how =
      "cause" in end
        ? `could not be started (${messageOf(end.cause)})`
        : `ended with ${end.signal ?? `code ${end.code}`}${end.lastLines.length > 0 ? `, and wrote last to stderr:\n${end.lastLines.join("\n")}\n` : ""}`;
    super(
      `The training program ${command} ${how}; expected it to end with code 0. Mend it, or the trainer of the configuration, ` +
        "and resume the run: what it saved is handed to it again.",
      "cause" in end ? { cause: end.cause } : undefined,
    );
  }
}

/** Thrown when a training program has ended well and has not written what it was to write. */
export class TrainerOutputError extends TrilithError {
  override readonly code = "trainer-output-invalid";

  constructor(command: string, found: string) {
    super(
      `The training program ${command} ended well and ${found}; expected the model's files in output/model and output/result.json, ` +
        "as docs/trainers.md says. Mend the program.",
    );
  }
}
