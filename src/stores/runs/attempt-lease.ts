/** Writing one attempt. Every write compares its token first: a process that lost the attempt writes nothing. */

import type { AttemptEnd, AttemptLease } from "../../contracts/run-journal.ts";
import type { ArtifactRecord, ProcessIdentity } from "../../contracts/runs.ts";
import type { Clock } from "../../core/clock.ts";
import { AttemptLostError } from "./errors.ts";
import type { Commit } from "./group-commit.ts";
import { addArtifact, endInvocation, type Place } from "./invocation-writes.ts";
import { appendObservations } from "./observations.ts";
import type { RunTransaction } from "./tables.ts";

/** What every lease of one journal shares. */
export interface Writing {
  readonly clock: Clock;
  readonly commit: Commit;
  createToken(): string;
  /** Of the process that writes. */
  self(): ProcessIdentity;
}

export interface NewAttempt extends Place {
  readonly number: number;
  readonly executor: string;
  readonly token: string;
}

/** Writes that an attempt begins. */
export async function insertAttempt(tx: RunTransaction, attempt: NewAttempt, writing: Writing): Promise<void> {
  await tx
    .insertInto("attempt")
    .values({
      run_id: attempt.runId,
      invocation_id: attempt.invocationId,
      number: attempt.number,
      state: "running",
      executor: attempt.executor,
      token: attempt.token,
      owner: JSON.stringify(writing.self()),
      error: null,
      started_at_ms: writing.clock.now(),
      finished_at_ms: null,
    })
    .execute();
}

/** The lease of an attempt that `insertAttempt` wrote. */
export function createAttemptLease(attempt: NewAttempt, { clock, commit }: Writing): AttemptLease {
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
  attempt: NewAttempt,
  { end, nowMs }: { readonly end: AttemptEnd; readonly nowMs: number },
): Promise<ArtifactRecord[]> {
  const ended = { state: end.state, error: end.error && JSON.stringify(end.error), finished_at_ms: nowMs };
  await setAttempt(tx, attempt, ended);
  const place = { runId: attempt.runId, invocationId: attempt.invocationId };
  const records: ArtifactRecord[] = [];
  for (const draft of end.artifacts) {
    records.push(await addArtifact(tx, { ...draft, source: null }, { place, nowMs }));
  }
  if (end.final) {
    const outputs = Object.fromEntries(records.map(({ output, id }) => [output, id]));
    await endInvocation(tx, place, { ended, outputs, anew: attempt.number > 1 });
  }
  return records;
}

/** Sets the attempt's columns if this process still has it. @throws {AttemptLostError} */
async function setAttempt(
  tx: RunTransaction,
  { runId, invocationId, number, token }: NewAttempt,
  columns: { readonly state: string; readonly error: string | null; readonly finished_at_ms: number | null },
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("attempt")
    .set(columns)
    .where("run_id", "=", runId)
    .where("invocation_id", "=", invocationId)
    .where("number", "=", number)
    .where("token", "=", token)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new AttemptLostError(runId, invocationId, number);
}
