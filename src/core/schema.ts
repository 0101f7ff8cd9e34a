/** Turning `unknown` into a type, with one error that names every issue and where it is. */

import type { z } from "zod";
import { TrilithError } from "./errors.ts";

/** Thrown when data from outside does not fit its schema; `issues` has one line each, with its path. */
export class InvalidInputError extends TrilithError {
  override readonly code = "invalid-input";
  override readonly usage = true;
  readonly issues: readonly string[];

  constructor(what: string, issues: readonly string[]) {
    super(`${what} is not valid: ${issues.join("; ")}`);
    this.issues = issues;
  }
}

/**
 * Parses `value` with `schema`.
 *
 * @param what  names the value in the error, for example "the parameters of digital_data_etl"
 * @throws {InvalidInputError} with all issues and their paths
 */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidInputError(
    what,
    result.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message)),
  );
}
