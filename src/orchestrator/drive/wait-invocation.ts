/** One wait, from its call to what it waited for: begun once, whenever the run is resumed, and ended with an artifact. */

import { saveOutput } from "../attempt.ts";
import type { Materializer } from "../materializers/materializer.ts";
import { type Call, driveCall, type OutputRecords, placeOf, readableOutputs } from "./invocation.ts";
import type { RunContext } from "./run-context.ts";
import type { WaitRequest } from "./waits.ts";

interface WaitCall extends Call {
  readonly request: WaitRequest;
  readonly materializer: Materializer<unknown>;
}

/** Waits, and keeps what came. */
export function driveWait(run: RunContext, call: WaitCall): Promise<OutputRecords> {
  const { request, materializer, step, ordinal } = call;
  return driveCall(run, call, async (bare) => {
    const earlier = run.kept.get(bare.id);
    const kept =
      earlier && (await readableOutputs(run, { name: step, outputs: new Map([["output", materializer]]) }, earlier));
    if (kept) {
      // A run that is done again from a later step asks nobody twice.
      if (earlier.runId !== run.lease.runId) await run.lease.settle(bare, { state: "cached", from: earlier });
      return kept;
    }
    const entry = { ...bare, wait: waitOf(run, call) };
    const place = placeOf(call);
    await run.activity.during(run.lease.enter(entry));
    await run.onPoint("wait-entered", step);
    run.events.push({ type: "step-waiting", ...place, kind: request.kind, ...entry.wait });
    const name = request.kind === "event" ? request.name : request.kind === "approval" ? request.question : "";
    const startedAtMs = run.workspace.clock.now();
    const asked = { kind: request.kind, name, ordinal, dueAtMs: entry.wait.dueAtMs };
    const value = await run.waits.until(asked, run.stop.signal);
    return run.activity.during(
      (async () => {
        const draft = await saveOutput(request.kind === "sleep" ? undefined : value, {
          name: step,
          output: "output",
          materializer,
          artifacts: run.workspace.artifacts,
        });
        const records = await run.lease.settle(entry, { state: "completed", artifacts: [draft] });
        await run.onPoint("wait-committed", step);
        const durationMs = run.workspace.clock.now() - startedAtMs;
        run.events.push({ type: "step-end", ...place, state: "completed", durationMs, error: null });
        return new Map(records.map((record) => [record.output, record]));
      })(),
    );
  });
}

/** A wait that had begun before the run was resumed ends when it would have. */
function waitOf(
  run: RunContext,
  { invocationId, request }: WaitCall,
): { question: string | null; dueAtMs: number | null } {
  const begun = run.begun.get(invocationId)?.wait;
  if (begun) return begun;
  if (request.kind === "sleep") return { question: null, dueAtMs: run.workspace.clock.now() + request.ms };
  return { question: request.kind === "approval" ? request.question : request.name, dueAtMs: null };
}
