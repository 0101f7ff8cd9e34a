/** Who has a run: begun here, taken over from a process that is gone, or claimed from the queue. */

import { isDeepStrictEqual } from "node:util";
import type { ExpressionBuilder } from "kysely";
import type { NewRun } from "../../contracts/run-journal.ts";
import type { RunRecord } from "../../contracts/runs.ts";
import { endLostAttempt, type HeldAttempt, type Writing } from "./attempt-lease.ts";
import { RunAliveError, RunCompletedError } from "./errors.ts";
import type { TakenRun } from "./lease.ts";
import type { Liveness } from "./liveness.ts";
import { parseOwner, type StoredRun } from "./records.ts";
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
    lost_count: 0,
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

/** Attempts of a run that say they are running, in processes that are gone or are the run's last owner. */
export async function readLostAttempts(
  tables: RunDatabase,
  run: RunRecord,
  liveness: Liveness,
): Promise<readonly HeldAttempt[]> {
  const rows = await tables
    .selectFrom("attempt")
    .select(["invocation_id", "number", "token", "owner"])
    .where("run_id", "=", run.id)
    .where("state", "=", "running")
    .orderBy("invocation_id")
    .execute();
  const owners = rows.map(({ owner }) => parseOwner(owner) ?? NOBODY);
  const alive = await liveness.alive(owners);
  const lost = rows.filter((_, i) => !alive[i] || isDeepStrictEqual(owners[i], run.owner));
  return lost.map(({ invocation_id, number, token }) => ({
    runId: run.id,
    invocationId: invocation_id,
    number,
    token,
  }));
}

const NOBODY = { pid: 0, startTime: "", bootId: "", host: "", session: null };

/** The row of a run as long as it is as it was read. */
export function isUnchanged({ id, state, token }: StoredRun["stored"]) {
  return (e: ExpressionBuilder<RunTables, "run">) => e.and({ id, state, lease_token: token });
}

/**
 * Takes the run if it is as it was read; `undefined` when somebody was faster.
 * Attempts of processes that are gone end here, and their invocations with them.
 */
export async function takeRow(
  tx: RunTransaction,
  { stored }: StoredRun,
  { writing, lost }: { readonly writing: Writing; readonly lost: readonly HeldAttempt[] },
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
      lost_count: e("lost_count", "+", stored.state === "running" ? 1 : 0),
      owner: JSON.stringify(writing.self()),
      lease_token: token,
    }))
    .where(isUnchanged(stored))
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return undefined;
  for (const attempt of lost) await endLostAttempt(tx, attempt, nowMs);
  const invocations = await tx
    .selectFrom("invocation")
    .select(["id", "position"])
    .where("run_id", "=", stored.id)
    .orderBy("position")
    .execute();
  const begun = invocations.map(({ id }) => id);
  return { runId: stored.id, token, lastPosition: invocations.at(-1)?.position ?? 0, begun };
}
