/** Calling a hook: waited for, and never the reason why a run fails. */

import { messageOf } from "../../core/errors.ts";
import type { InvocationPlace } from "../events.ts";
import type { Hook } from "../hook.ts";
import type { RunContext } from "./run-context.ts";

/** Calls the hook, where there is one, and waits for it. */
export async function runHook(
  run: Pick<RunContext, "lease" | "pipeline" | "warn">,
  hook: Hook | undefined,
  {
    place,
    attempt,
    error,
  }: { readonly place: InvocationPlace | null; readonly attempt: number; readonly error: unknown },
): Promise<void> {
  if (hook === undefined) return;
  const who = { step: place?.step ?? null, displayName: place?.displayName ?? null };
  try {
    await hook({ run: { id: run.lease.runId, pipeline: run.pipeline }, ...who, attempt, error });
  } catch (thrown) {
    run.warn(
      "hook-failed",
      `A hook of ${who.displayName ?? run.pipeline} failed (${messageOf(thrown)}); the run goes on.`,
    );
  }
}
