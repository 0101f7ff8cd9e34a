/** What a process and the process of its step tell each other, over Node's IPC channel. */

import type { LogFields, LogLevel } from "../../contracts/logger.ts";
import type { ArtifactDraft } from "../../contracts/run-journal.ts";
import { isTrilithError, messageOf } from "../../core/errors.ts";
import type { JsonValue } from "../../core/json.ts";
import type { RefRecipe } from "../ref.ts";

/** Which step, and what it is given. */
export interface StepOrder {
  readonly step: { readonly name: string; readonly modulePath: string | null };
  readonly input: RefRecipe;
  /** Members that the run's settings give where the call leaves them out. */
  readonly defaults: Readonly<Record<string, JsonValue>>;
  readonly run: { readonly id: string; readonly pipeline: string };
  readonly attempt: number;
  readonly graceMs: number;
}

export type ToStep = { readonly type: "order"; readonly order: StepOrder } | { readonly type: "stop" };

export type FromStep =
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | { readonly type: "metric"; readonly name: string; readonly value: number; readonly atStep: number | undefined }
  | { readonly type: "progress"; readonly done: number; readonly total: number; readonly label: string | undefined }
  | {
      readonly type: "metadata";
      readonly record: Readonly<Record<string, JsonValue>>;
      readonly about: "invocation" | "run";
    }
  | { readonly type: "done"; readonly artifacts: readonly ArtifactDraft[] }
  | { readonly type: "failed"; readonly error: SentError };

/** An error as it crosses: what is branched on, and what people read. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a `TrilithError`. */
  readonly known: { readonly code: string; readonly retryable: boolean; readonly usage: boolean } | null;
}

export function toSentError(error: unknown): SentError {
  const known = isTrilithError(error) ? { code: error.code, retryable: error.retryable, usage: error.usage } : null;
  const { name, stack } = error instanceof Error ? error : new Error(messageOf(error));
  return { name, message: messageOf(error), stack, known };
}

/** The error again: a `TrilithError` by its members, which is how they are told. */
export function fromSentError({ name, message, stack, known }: SentError): Error {
  const error = new Error(message);
  return Object.assign(error, { name, stack: stack ?? error.stack }, known && { ...known, origin: "trilith" });
}
