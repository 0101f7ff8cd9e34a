/** An error as the journal keeps it. */

import type { ErrorRecord } from "../contracts/runs.ts";
import { isTrilithError, messageOf } from "../core/errors.ts";

/** Name, code, message and the stacks of the error and of its causes. */
export function toErrorRecord(error: unknown): ErrorRecord {
  return {
    name: error instanceof Error ? error.name : "Error",
    code: isTrilithError(error) ? error.code : null,
    message: messageOf(error),
    stack: stackOf(error),
  };
}

const CAUSES = 5;

function stackOf(error: unknown): string | null {
  const stacks: string[] = [];
  for (let cause = error; cause instanceof Error && stacks.length < CAUSES; cause = cause.cause) {
    stacks.push(cause.stack ?? cause.message);
  }
  return stacks.length === 0 ? null : stacks.join("\ncaused by: ");
}
