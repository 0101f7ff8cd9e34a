/** Writing one attempt. Every write compares its token first: a process that lost the attempt writes nothing. */

import type { ExpressionBuilder } from "kysely";
import type { AttemptEnd, AttemptLease } from "../../contracts/run-journal.ts";
import type { ArtifactRecord, ProcessIdentity } from "../../contracts/runs.ts";
import type { Clock } from "../../core/clock.ts";
import { AttemptLostError } from "./errors.ts";
import type { Commit } from "./group-commit.ts";
import { addMade, addOutputs, endInvocation, idsByOutput, type Place } from "./invocation-writes.ts";
import { appendObservations } from "./observations.ts";
import type { RunTables, RunTransaction } from "./tables.ts";

/** What every lease of one journal shares. */
export interface Writing {
  readonly clock: Clock;
  readonly commit: Commit;
  createToken(): string;
  /** Of the process that writes. */
  self(): ProcessIdentity;
}

/** An attempt and the token under which it is written. */
export interface HeldAttempt extends Place {
  readonly number: number;
  readonly token: string;
}

/** An attempt that is to begin. */
export interface NewAttempt extends Omit<HeldAttempt, "number"> {
  readonly executor: string;
}

/** Begins the next attempt of the invocation, after the invocation's own row has been written; what still ran is ended. */
export async function beginAttempt(tx: RunTransaction, attempt: NewAttempt, writing: Writing): Promise<AttemptLease> {
  const { runId, invocationId, executor, token } = attempt;
  const nowMs = writing.clock.now();
  const { number } = await tx
    .insertInto("attempt")
    .values((e) => ({
      run_id: runId,
      invocation_id: invocationId,
      number: e
        .selectFrom("attempt")
        .select((last) => last(last.fn.coalesce(last.fn.max("number"), last.lit(0)), "+", 1).as("next"))
        .where("run_id", "=", runId)
        .where("invocation_id", "=", invocationId),
      state: "running",
      executor,
      token,
      owner: JSON.stringify(writing.self()),
      error: null,
      started_at_ms: nowMs,
      finished_at_ms: null,
    }))
    .returning("number")
    .executeTakeFirstOrThrow();
  if (number > 1) await endRunningAttempts(tx, attempt, nowMs);
  return createAttemptLease({ ...attempt, number }, writing);
}

function createAttemptLease(attempt: HeldAttempt, { clock, commit }: Writing): AttemptLease {
  const { runId, invocationId, number } = attempt;
  return {
    runId,
    invocationId,
    number,
    append: (observations) =>
      commit(async (tx) => {
        await setAttempt(tx, attempt, { state: "running", finished_at_ms: null, error: null });
        await appendObservations(tx, runId, observations);
      }),
    finish: (end) => commit((tx) => finishAttempt(tx, attempt, { end, nowMs: clock.now() })),
  };
}

async function finishAttempt(
  tx: RunTransaction,
  attempt: HeldAttempt,
  { end, nowMs }: { readonly end: AttemptEnd; readonly nowMs: number },
): Promise<ArtifactRecord[]> {
  const place = { runId: attempt.runId, invocationId: attempt.invocationId };
  const ended = { state: end.state, error: end.error && JSON.stringify(end.error), finished_at_ms: nowMs };
  if (end.final) await endInvocation(tx, place, ended);
  await setAttempt(tx, attempt, ended);
  const records = await addMade(tx, end.artifacts, { place, nowMs });
  if (end.final) await addOutputs(tx, place, idsByOutput(records));
  return records;
}

const INTERRUPTED = JSON.stringify({
  name: "Interrupted",
  code: "interrupted",
  message: "The process ended before the attempt did.",
  stack: null,
});

/** Ends whatever attempt of the invocation is running, but for the one with the token if there is one. */
export async function endRunningAttempts(
  tx: RunTransaction,
  { runId, invocationId, token = "" }: Place & { readonly token?: string },
  nowMs: number,
): Promise<void> {
  await tx
    .updateTable("attempt")
    .set({ state: "failed", error: INTERRUPTED, finished_at_ms: nowMs })
    .where("run_id", "=", runId)
    .where("invocation_id", "=", invocationId)
    .where("state", "=", "running")
    .where("token", "!=", token)
    .execute();
}

/** Ends an attempt whose process is gone, and its invocation until it is tried again. */
export async function endLostAttempt(tx: RunTransaction, lost: HeldAttempt, nowMs: number): Promise<void> {
  await tx
    .updateTable("invocation")
    .set({ state: "cancelled", error: INTERRUPTED })
    .where("run_id", "=", lost.runId)
    .where("id", "=", lost.invocationId)
    .where("state", "=", "running")
    .where((e) => e.exists(e.selectFrom("attempt").select("number").where(isHeld(lost))))
    .execute();
  await tx
    .updateTable("attempt")
    .set({ state: "failed", error: INTERRUPTED, finished_at_ms: nowMs })
    .where(isHeld(lost))
    .execute();
}

/** Sets the attempt's columns if this process still has it. @throws {AttemptLostError} */
async function setAttempt(
  tx: RunTransaction,
  attempt: HeldAttempt,
  columns: { readonly state: string; readonly error: string | null; readonly finished_at_ms: number | null },
): Promise<void> {
  const { numUpdatedRows } = await tx.updateTable("attempt").set(columns).where(isHeld(attempt)).executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new AttemptLostError(attempt.runId, attempt.invocationId);
}

/** The row of an attempt as long as it runs under that token. */
function isHeld({ runId, invocationId, number, token }: HeldAttempt) {
  return (e: ExpressionBuilder<RunTables, "attempt">) =>
    e.and({ run_id: runId, invocation_id: invocationId, number, token, state: "running" });
}
