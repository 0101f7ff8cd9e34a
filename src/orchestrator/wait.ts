/**
 * Waiting in a pipeline: for a time, for an event, for a person. A run that has nothing else to do gives its process up
 * and is in state `waiting`; a worker, or `trilith resume`, goes on with it.
 */

import { z } from "zod";
import type { JsonValue } from "../core/json.ts";
import { InvalidDefinitionError } from "./errors.ts";
import { json, nothing } from "./materializers/json.ts";
import type { Ref } from "./ref.ts";
import { pipelineScope } from "./scope.ts";
import type { CallOptions } from "./step-definition.ts";

/**
 * Waits for `ms` milliseconds from the call, or from the end of what it comes `after`. The end is kept in the journal:
 * a run that was resumed sleeps no longer than the first time would have.
 */
export function sleep(ms: number, options: CallOptions = {}): Ref<void> {
  if (!Number.isFinite(ms) || ms < 0) {
    throw new InvalidDefinitionError(
      `sleep() was given ${ms}; expected milliseconds, 0 or more. Give a finite number.`,
    );
  }
  return pipelineScope("sleep()").wait({ kind: "sleep", ms }, nothing, options) as Ref<void>; // `nothing` loads as undefined
}

/**
 * Waits for `trilith send <run> <name> --value <json>`, or its equivalent over REST. What was sent before the run asked
 * is kept for it; in one pipeline the second `event` of a name waits for what is sent second.
 *
 * @param options.schema  what the value must be; any JSON without one. A value that does not fit fails the wait.
 */
export function event<T = JsonValue>(
  name: string,
  { schema, ...options }: CallOptions & { readonly schema?: z.ZodType<T, T> } = {},
): Ref<T> {
  const value = json(schema ?? (z.json() as z.ZodType<unknown, unknown>)); // without a schema T is any JSON
  return pipelineScope(`event ${name}`).wait({ kind: "event", name }, value, options) as Ref<T>; // checked by the schema
}

/** Waits until a person answers with `trilith approve <run>` (`true`) or `trilith approve <run> --reject` (`false`). */
export function approval(question: string, options: CallOptions = {}): Ref<boolean> {
  const answer = json<unknown>(z.boolean());
  return pipelineScope("approval()").wait({ kind: "approval", question }, answer, options) as Ref<boolean>; // by the schema
}
