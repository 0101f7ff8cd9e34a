/** What can go wrong with a program that a step runs. */

import { messageOf, TrilithError } from "../../core/errors.ts";
import type { ProgramEnd } from "../../core/program.ts";

/** Thrown when the program of a step ends with another exit code than 0. */
export class CommandFailedError extends TrilithError {
  override readonly code = "command-failed";
  override readonly retryable = true;
  readonly exitCode: number | null;

  constructor(step: string, { code, signal, lastLines }: ProgramEnd) {
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const said =
      lastLines.length === 0 ? "wrote nothing to stderr" : `wrote last to stderr:\n${lastLines.join("\n")}\n`;
    super(
      `The program of the step ${step} ${how}, and ${said}; expected code 0. Mend the program, or what it is given.`,
    );
    this.exitCode = code;
  }
}

/** Thrown when the program of a step cannot be started. */
export class CommandNotStartedError extends TrilithError {
  override readonly code = "command-not-started";
  override readonly usage = true;

  constructor(step: string, command: string, cause: unknown) {
    super(
      `The program of the step ${step} could not be started (${messageOf(cause)}); expected ${JSON.stringify(command)} ` +
        "to be a program that is on the PATH, or a path to one. Install it, or change the step's command.",
      { cause },
    );
  }
}

/** Thrown when the program of a step has ended well, and what it has written is not what the step declares. */
export class CommandOutputError extends TrilithError {
  override readonly code = "command-output-invalid";

  constructor(
    step: string,
    found: string,
    { expected, cause }: { readonly expected: string; readonly cause?: unknown },
  ) {
    super(
      `The program of the step ${step} wrote ${found}; expected ${expected}. ` +
        "Write it into the folder that TRILITH_OUTPUT names, or change what the step declares.",
      { cause },
    );
  }
}
