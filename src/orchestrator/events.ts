/** What a run tells while it goes: typed events, kept for a reader that comes late, but not without bound. */

import type { LogFields, LogLevel } from "../contracts/logger.ts";
import type { ErrorRecord, InvocationState, RunState } from "../contracts/runs.ts";
import type { JsonValue } from "../core/json.ts";

/** Which invocation an event is about. */
export interface InvocationPlace {
  readonly invocationId: string;
  readonly step: string;
  readonly displayName: string;
}

/** Something that happened in a run, in the order in which it did. */
export type RunEvent =
  | { readonly type: "run-start"; readonly runId: string; readonly pipeline: string; readonly resumed: boolean }
  | { readonly type: "run-warning"; readonly code: string; readonly message: string }
  | { readonly type: "run-end"; readonly runId: string; readonly state: RunState; readonly error: ErrorRecord | null }
  | (InvocationPlace &
      (
        | { readonly type: "step-start"; readonly attempt: number }
        | {
            readonly type: "step-retry";
            readonly attempt: number;
            readonly delayMs: number;
            readonly error: ErrorRecord;
          }
        /** The outputs of an earlier invocation are used. */
        | { readonly type: "step-cached"; readonly from: { readonly runId: string; readonly invocationId: string } }
        /** A sleep, an event or an approval is waited for. */
        | {
            readonly type: "step-waiting";
            readonly kind: "sleep" | "event" | "approval";
            readonly question: string | null;
            readonly dueAtMs: number | null;
          }
        /** It had finished before this run was resumed. */
        | { readonly type: "step-kept"; readonly codeChanged: boolean }
        | {
            readonly type: "step-end";
            readonly state: InvocationState;
            readonly durationMs: number;
            readonly error: ErrorRecord | null;
          }
        | {
            readonly type: "step-progress";
            readonly done: number;
            readonly total: number;
            readonly label: string | null;
          }
        | { readonly type: "step-log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
        | {
            readonly type: "step-metric";
            readonly name: string;
            readonly value: number;
            readonly atStep: number | null;
          }
        | { readonly type: "step-metadata"; readonly record: Readonly<Record<string, JsonValue>> }
      ));

/** How many events a late reader still gets. A reader slower than that misses the oldest. */
const KEPT_EVENTS = 10_000;

export interface EventStream {
  push(event: RunEvent): void;
  /** No event comes after this; readers end when they have read what is kept. */
  close(): void;
  /** Each reader starts with the oldest event that is kept. */
  readonly events: AsyncIterable<RunEvent>;
}

export function createEventStream(): EventStream {
  const kept: RunEvent[] = [];
  let droppedCount = 0;
  let closed = false;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    push(event) {
      kept.push(event);
      if (kept.length > 2 * KEPT_EVENTS) droppedCount += kept.splice(0, KEPT_EVENTS).length;
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    events: {
      async *[Symbol.asyncIterator]() {
        for (let next = 0; ; next++) {
          while (next >= droppedCount + kept.length) {
            if (closed) return;
            await changed.promise;
          }
          next = Math.max(next, droppedCount);
          yield kept[next - droppedCount] as RunEvent; // in range: next lies between what was dropped and the end
        }
      },
    },
  };
}
