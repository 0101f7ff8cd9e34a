/**
 * The error family of the framework and how it is recognised.
 * Every error thrown on purpose extends `TrilithError`; rooms define their own in an `errors.ts`.
 */

/**
 * The one base class of every error this framework throws.
 * Callers branch on `code`: never on `message`, and not on `instanceof`,
 * which fails when two copies of the package are loaded.
 */
export abstract class TrilithError extends Error {
  /** Stable, kebab-case and documented: part of the public API. */
  abstract readonly code: string;
  /** Whether the same call may succeed later with nothing changed by the caller. */
  readonly retryable: boolean = false;
  /** Whether the person who typed the command can mend it (a wrong name, file or value): the CLI exits with 2. */
  readonly usage: boolean = false;
  readonly origin = "trilith";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Whether `value` is an error of this framework, of whichever loaded copy. */
export function isTrilithError(value: unknown): value is TrilithError {
  return value instanceof Error && "origin" in value && value.origin === "trilith";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
