/** Writing one run. Every write compares the lease's token in its own transaction: a process that lost the run writes nothing. */

import type { InvocationEnd, InvocationEntry, RunEnd, RunLease } from "../../contracts/run-journal.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import { beginAttempt, endRunningAttempts, type Writing } from "./attempt-lease.ts";
import { RunLeaseLostError } from "./errors.ts";
import type { Guard, Write } from "./group-commit.ts";
import {
  addMade,
  addOutputs,
  type EntryPlace,
  endInvocation,
  enterInvocation,
  idsByOutput,
  type Place,
} from "./invocation-writes.ts";
import { appendObservations } from "./observations.ts";
import type { RunTables, RunTransaction } from "./tables.ts";

/** What a run had when it was taken; a run has one writer, so it is counted on from there in memory. */
export interface TakenRun {
  readonly runId: string;
  readonly token: string;
  readonly lastPosition: number;
  /** Ids of its invocations. */
  readonly begun: Iterable<string>;
}

/** The lease that `taken.token` stands for. */
export function createLease(taken: TakenRun, writing: Writing): RunLease {
  const { runId, token } = taken;
  const { clock, commit } = writing;
  const begunIds = new Set(taken.begun);
  const savedCode = new Map<string, Promise<void>>();
  let position = taken.lastPosition;
  const guard: Guard = (tx) => assertHeld(tx, { runId, token, nowMs: clock.now() });
  const guarded = <T>(write: Write<T>): Promise<T> => commit(write, guard);
  const placeOf = ({ id }: InvocationEntry, anew: boolean): EntryPlace => {
    const begun = begunIds.has(id);
    begunIds.add(id);
    return { runId, position: ++position, nowMs: clock.now(), begun, anew };
  };
  return {
    runId,
    enter(entry, { anew } = { anew: false }) {
      const at = placeOf(entry, anew);
      return guarded((tx) => enterInvocation(tx, entry, at));
    },
    startAttempt(entry, executor) {
      const at = placeOf(entry, true);
      const attempt = { runId, invocationId: entry.id, executor, token: writing.createToken() };
      return guarded(async (tx) => {
        await enterInvocation(tx, entry, at);
        return beginAttempt(tx, attempt, writing);
      });
    },
    settle(entry, end) {
      const at = placeOf(entry, true);
      const place = { runId, invocationId: entry.id };
      return guarded(async (tx) => {
        await enterInvocation(tx, entry, at);
        if (at.begun) await endRunningAttempts(tx, place, at.nowMs);
        return settle(tx, place, { end, nowMs: at.nowMs });
      });
    },
    append: (observations) => guarded((tx) => appendObservations(tx, runId, observations)),
    saveCode(digest, parts) {
      const saved = savedCode.get(digest) ?? guarded((tx) => saveCode(tx, { digest, parts: JSON.stringify(parts) }));
      savedCode.set(digest, saved);
      saved.catch(() => savedCode.delete(digest));
      return saved;
    },
    beat: () => guarded((tx) => readRequests(tx, runId)),
    suspend: (until) => guarded((tx) => suspend(tx, runId, { ...until, nowMs: clock.now() })),
    finish: (end) => guarded((tx) => finishRun(tx, runId, { end, nowMs: clock.now() })),
  };
}

async function assertHeld(tx: RunTransaction, lease: { runId: string; token: string; nowMs: number }): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("run")
    .set({ updated_at_ms: lease.nowMs })
    .where("id", "=", lease.runId)
    .where("lease_token", "=", lease.token)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new RunLeaseLostError(lease.runId);
}

async function saveCode(tx: RunTransaction, row: RunTables["code"]): Promise<void> {
  await tx
    .insertInto("code")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function settle(
  tx: RunTransaction,
  place: Place,
  { end, nowMs }: { readonly end: InvocationEnd; readonly nowMs: number },
): Promise<ArtifactRecord[]> {
  const ended = { state: end.state, error: null, finished_at_ms: nowMs };
  if (end.state === "cached") {
    const cached_from = JSON.stringify({ runId: end.from.runId, invocationId: end.from.id });
    await endInvocation(tx, place, { ...ended, cached_from });
    await addOutputs(tx, place, idsByOutput(end.from.outputs));
    return [];
  }
  if (end.state !== "completed") {
    await endInvocation(tx, place, { ...ended, error: JSON.stringify(end.error) });
    return [];
  }
  await endInvocation(tx, place, ended);
  const records = await addMade(tx, "artifacts" in end ? end.artifacts : [], { place, nowMs });
  await addOutputs(tx, place, "outputs" in end ? end.outputs : idsByOutput(records));
  return records;
}

/** What was said to the run from outside. */
async function readRequests(
  tx: RunTransaction,
  runId: string,
): Promise<{ readonly cancelRequested: boolean; readonly signalCount: number }> {
  const { cancel_requested, signal_count } = await tx
    .selectFrom("run")
    .select(["cancel_requested", "signal_count"])
    .where("id", "=", runId)
    .executeTakeFirstOrThrow();
  return { cancelRequested: cancel_requested === 1, signalCount: signal_count };
}

async function suspend(
  tx: RunTransaction,
  runId: string,
  until: { readonly wakeAtMs: number | null; readonly signalCount: number; readonly nowMs: number },
): Promise<void> {
  // The guard has locked the row: nothing is said between this look and the commit.
  const { cancelRequested, signalCount } = await readRequests(tx, runId);
  const kept = { wake_at_ms: until.wakeAtMs, lease_token: "", lost_count: 0 };
  const columns = cancelRequested
    ? { ...kept, state: "cancelled", wake_at_ms: null, finished_at_ms: until.nowMs }
    : { ...kept, state: signalCount > until.signalCount ? "queued" : "waiting" };
  await tx.updateTable("run").set(columns).where("id", "=", runId).execute();
}

async function finishRun(
  tx: RunTransaction,
  runId: string,
  { end, nowMs }: { readonly end: RunEnd; readonly nowMs: number },
): Promise<void> {
  await tx
    .updateTable("run")
    .set({
      state: end.state,
      error: end.error && JSON.stringify(end.error),
      outputs: JSON.stringify(end.outputs),
      finished_at_ms: nowMs,
      wake_at_ms: null,
    })
    .where("id", "=", runId)
    .execute();
}
