/** Who has a run: begun here, taken over from a process that is gone, or claimed from the queue. */

import type { NewRun } from "../../contracts/run-journal.ts";
import type { RunRecord } from "../../contracts/runs.ts";
import type { Writing } from "./attempt-lease.ts";
import { RunAliveError, RunCompletedError } from "./errors.ts";
import type { TakenRun } from "./lease.ts";
import type { Liveness } from "./liveness.ts";
import type { RunDatabase, RunTables, RunTransaction } from "./tables.ts";

/** The columns of a run that nobody has begun. */
export function newRow(run: NewRun, nowMs: number): RunTables["run"] {
  return {
    id: run.id,
    name: run.name,
    pipeline: run.pipeline,
    parameters: JSON.stringify(run.parameters),
    config: JSON.stringify(run.config),
    state: "queued",
    error: null,
    outputs: "{}",
    tags: JSON.stringify(run.tags ?? []),
    queue: run.queue ?? "default",
    detached: run.detached ? 1 : 0,
    request_key: run.requestKey ?? null,
    code_digest: run.codeDigest ?? null,
    owner: "null",
    lease_token: "",
    taken_count: 0,
    cancel_requested: 0,
    signal_count: 0,
    wake_at_ms: null,
    started_at_ms: nowMs,
    taken_at_ms: null,
    finished_at_ms: null,
    updated_at_ms: nowMs,
  };
}

/** Why a run cannot be taken, thrown; nothing when it can. */
export function assertTakeable(run: RunRecord): void {
  if (run.state === "running" && run.owner) throw new RunAliveError(run.id, run.owner);
  if (run.state === "completed") throw new RunCompletedError(run.id);
}

const INTERRUPTED = JSON.stringify({
  name: "Interrupted",
  code: "interrupted",
  message: "The process ended before the attempt did.",
  stack: null,
});

/** Attempts of a run that say they are running, in processes that are gone or are `owner`. */
export async function readLostAttempts(
  tables: RunDatabase,
  run: RunRecord,
  liveness: Liveness,
): Promise<{ readonly invocationId: string; readonly number: number; readonly token: string }[]> {
  const rows = await tables
    .selectFrom("attempt")
    .select(["invocation_id", "number", "token", "owner"])
    .where("run_id", "=", run.id)
    .where("state", "=", "running")
    .execute();
  const owners = rows.map(({ owner }) => JSON.parse(owner));
  const alive = await liveness.alive(owners.map((owner) => owner ?? NOBODY));
  const lost = rows.filter(({ owner }, i) => !alive[i] || owner === JSON.stringify(run.owner));
  return lost.map(({ invocation_id, number, token }) => ({ invocationId: invocation_id, number, token }));
}

const NOBODY = { pid: 0, startTime: "", bootId: "", host: "", session: null };

/**
 * Takes the run if it still has the token that `run` was read with; `undefined` when somebody was faster.
 * Attempts of processes that are gone end here, and their invocations with them.
 */
export async function takeRow(
  tx: RunTransaction,
  run: { readonly id: string; readonly token: string; readonly state: string },
  { writing, lost }: { readonly writing: Writing; readonly lost: Awaited<ReturnType<typeof readLostAttempts>> },
): Promise<TakenRun | undefined> {
  const nowMs = writing.clock.now();
  const token = writing.createToken();
  const { numUpdatedRows } = await tx
    .updateTable("run")
    .set((e) => ({
      state: "running",
      error: null,
      finished_at_ms: null,
      wake_at_ms: null,
      cancel_requested: 0,
      updated_at_ms: nowMs,
      taken_at_ms: e.fn.coalesce("taken_at_ms", e.val(nowMs)),
      taken_count: e("taken_count", "+", 1),
      owner: JSON.stringify(writing.self()),
      lease_token: token,
    }))
    .where("id", "=", run.id)
    .where("lease_token", "=", run.token)
    .where("state", "=", run.state)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return undefined;
  for (const { invocationId, number, token: attemptToken } of lost) {
    await endLostAttempt(tx, { runId: run.id, invocationId, number, token: attemptToken }, nowMs);
  }
  return { runId: run.id, token, ...(await readCounts(tx, run.id)) };
}

/** Ends an attempt whose process is gone. */
export async function endLostAttempt(
  tx: RunTransaction,
  attempt: {
    readonly runId: string;
    readonly invocationId: string;
    readonly number: number;
    readonly token: string;
  },
  nowMs: number,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("attempt")
    .set({ state: "failed", error: INTERRUPTED, finished_at_ms: nowMs })
    .where("run_id", "=", attempt.runId)
    .where("invocation_id", "=", attempt.invocationId)
    .where("number", "=", attempt.number)
    .where("token", "=", attempt.token)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return; // it came to its end meanwhile
  await tx
    .updateTable("invocation")
    .set({ state: "cancelled", error: INTERRUPTED })
    .where("run_id", "=", attempt.runId)
    .where("id", "=", attempt.invocationId)
    .where("state", "=", "running")
    .execute();
}

async function readCounts(
  tx: RunTransaction,
  runId: string,
): Promise<Pick<TakenRun, "lastPosition" | "attemptCounts">> {
  const { last } = await tx
    .selectFrom("invocation")
    .select((e) => e.fn.max("position").as("last"))
    .where("run_id", "=", runId)
    .executeTakeFirstOrThrow();
  const counts = await tx
    .selectFrom("attempt")
    .select(["invocation_id", (e) => e.fn.max("number").as("last")])
    .where("run_id", "=", runId)
    .groupBy("invocation_id")
    .execute();
  return { lastPosition: last ?? 0, attemptCounts: new Map(counts.map((row) => [row.invocation_id, row.last])) };
}
