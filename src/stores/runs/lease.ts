/** Writing one run. Every write compares the lease's token in its own transaction: a process that lost the run writes nothing. */

import type { InvocationEnd, InvocationEntry, RunEnd, RunLease } from "../../contracts/run-journal.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import { createAttemptLease, insertAttempt, type Writing } from "./attempt-lease.ts";
import { RunLeaseLostError } from "./errors.ts";
import type { Guard, Write } from "./group-commit.ts";
import { addArtifact, endInvocation, enterInvocation } from "./invocation-writes.ts";
import { appendObservations } from "./observations.ts";
import type { RunTransaction } from "./tables.ts";

/** What a run had when it was taken; a run has one writer, so it is counted on from there in memory. */
export interface TakenRun {
  readonly runId: string;
  readonly token: string;
  readonly lastPosition: number;
  readonly attemptCounts: ReadonlyMap<string, number>;
}

/** The lease that `taken.token` stands for. */
export function createLease(taken: TakenRun, writing: Writing): RunLease {
  const { runId, token } = taken;
  const { clock, commit } = writing;
  const attemptCounts = new Map(taken.attemptCounts);
  const savedCode = new Set<string>();
  let position = taken.lastPosition;
  const guard: Guard = (tx) => assertHeld(tx, { runId, token, nowMs: clock.now() });
  const guarded = <T>(write: Write<T>): Promise<T> => commit(write, guard);
  const enter = (entry: InvocationEntry, anew = true): Write<void> => {
    const at = { runId, position: ++position, nowMs: clock.now(), anew };
    return (tx) => enterInvocation(tx, entry, at);
  };
  return {
    runId,
    enter: (entry, { anew } = { anew: false }) => guarded(enter(entry, anew)),
    async startAttempt(entry, executor) {
      const number = (attemptCounts.get(entry.id) ?? 0) + 1;
      attemptCounts.set(entry.id, number);
      const attempt = { runId, invocationId: entry.id, number, executor, token: writing.createToken() };
      const entering = enter(entry);
      await guarded(async (tx) => {
        await entering(tx);
        await insertAttempt(tx, attempt, writing);
      });
      return createAttemptLease(attempt, writing);
    },
    settle(entry, end) {
      const entering = enter(entry);
      return guarded(async (tx) => {
        await entering(tx);
        return settle(tx, { runId, invocationId: entry.id }, { end, nowMs: clock.now() });
      });
    },
    append: (observations) => guarded((tx) => appendObservations(tx, runId, observations)),
    async saveCode(digest, parts) {
      if (savedCode.has(digest)) return;
      savedCode.add(digest);
      await guarded(async (tx) => {
        const row = { digest, parts: JSON.stringify(parts) };
        await tx
          .insertInto("code")
          .values(row)
          .onConflict((c) => c.doNothing())
          .execute();
      });
    },
    beat: () =>
      guarded(async (tx) => {
        const { cancel_requested, signal_count } = await tx
          .selectFrom("run")
          .select(["cancel_requested", "signal_count"])
          .where("id", "=", runId)
          .executeTakeFirstOrThrow();
        return { cancelRequested: cancel_requested === 1, signalCount: signal_count };
      }),
    suspend: (until) => guarded((tx) => suspend(tx, runId, until)),
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

async function settle(
  tx: RunTransaction,
  place: { readonly runId: string; readonly invocationId: string },
  { end, nowMs }: { readonly end: InvocationEnd; readonly nowMs: number },
): Promise<ArtifactRecord[]> {
  const common = { state: end.state, error: null, finished_at_ms: nowMs };
  if (end.state === "cached") {
    const cached_from = JSON.stringify({ runId: end.from.runId, invocationId: end.from.id });
    const outputs = Object.fromEntries(end.from.outputs.map(({ output, id }) => [output, id]));
    await endInvocation(tx, place, { ended: { ...common, cached_from }, outputs, anew: true });
    return [];
  }
  if (end.state !== "completed") {
    const ended = { ...common, error: JSON.stringify(end.error) };
    await endInvocation(tx, place, { ended, outputs: {}, anew: true });
    return [];
  }
  const records: ArtifactRecord[] = [];
  for (const draft of "artifacts" in end ? end.artifacts : []) {
    records.push(await addArtifact(tx, { ...draft, source: null }, { place, nowMs }));
  }
  const made = Object.fromEntries(records.map(({ output, id }) => [output, id]));
  await endInvocation(tx, place, { ended: common, outputs: "outputs" in end ? end.outputs : made, anew: true });
  return records;
}

async function suspend(
  tx: RunTransaction,
  runId: string,
  { wakeAtMs, signalCount }: { readonly wakeAtMs: number | null; readonly signalCount: number },
): Promise<void> {
  const row = await tx
    .selectFrom("run")
    .select(["cancel_requested", "signal_count"])
    .where("id", "=", runId)
    .executeTakeFirstOrThrow();
  const state = row.cancel_requested === 1 ? "cancelled" : row.signal_count > signalCount ? "queued" : "waiting";
  const columns = { state, wake_at_ms: wakeAtMs, lease_token: "" };
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
