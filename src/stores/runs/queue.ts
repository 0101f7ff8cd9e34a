/** What is to be run, and what is said to runs from outside. */

import type { NewRun, RunQueue } from "../../contracts/run-journal.ts";
import type { RunRecord, SignalRecord } from "../../contracts/runs.ts";
import { endLostAttempt, type Writing } from "./attempt-lease.ts";
import { RunEndedError, RunNotFoundError } from "./errors.ts";
import { createLease } from "./lease.ts";
import type { Liveness } from "./liveness.ts";
import { readRuns, type StoredRun } from "./records.ts";
import type { RunDatabase, RunTables, RunTransaction } from "./tables.ts";
import { assertTakeable, isUnchanged, newRow, readLostAttempts, takeRow } from "./take-run.ts";

export interface QueueParts {
  readonly tables: RunDatabase;
  readonly writing: Writing;
  readonly liveness: Liveness;
}

export function createRunQueue(parts: QueueParts): RunQueue {
  const { tables, writing, liveness } = parts;
  const { clock, commit } = writing;
  const runOf = async (id: string): Promise<StoredRun> => {
    const [run] = await readRuns(tables, liveness, (query) => query.where("id", "=", id));
    if (run === undefined) throw new RunNotFoundError(id);
    return run;
  };
  return {
    async enqueue(run) {
      const id = await commit((tx) => enqueue(tx, run, clock.now()));
      return runOf(id);
    },
    claim: (filter) => claim(parts, filter),
    signal: (signal) => commit((tx) => addSignal(tx, signal, clock.now())),
    async listSignals(runId) {
      const rows = await tables
        .selectFrom("signal")
        .selectAll()
        .where("run_id", "=", runId)
        .orderBy("position")
        .execute();
      return rows.map(({ run_id, name, value, said_by, at_ms }) => ({
        runId: run_id,
        name,
        value: JSON.parse(value),
        by: said_by,
        atMs: at_ms,
      }));
    },
    async requestCancel(runId) {
      for (;;) {
        const run = await runOf(runId);
        if (hasEnded(run)) throw new RunEndedError(run.id, run.state);
        const asked =
          run.state === "running" // its process ends it, when it hears of it
            ? await commit((tx) => setUnchanged(tx, run, { cancel_requested: 1 }))
            : await endLostRun(parts, run, { state: "cancelled", error: null, cancel_requested: 1 });
        if (asked) return runOf(runId);
      }
    },
    async requeue(runId) {
      for (;;) {
        const run = await runOf(runId);
        assertTakeable(run);
        const ended = { error: null, finished_at_ms: null, wake_at_ms: null, cancel_requested: 0, lost_count: 0 };
        const columns = { ...ended, state: "queued", lease_token: "", detached: 1 };
        if (await commit((tx) => setUnchanged(tx, run, columns))) return runOf(runId);
      }
    },
  };
}

/** Whether the run was as it had been read, so that its columns are set. */
async function setUnchanged(
  tx: RunTransaction,
  { stored }: StoredRun,
  columns: Partial<RunTables["run"]>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable("run").set(columns).where(isUnchanged(stored)).executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Ends a run that has no process, with the attempts of those that it had. `false` when it is not as it was read. */
async function endLostRun(
  { tables, writing, liveness }: QueueParts,
  run: StoredRun,
  columns: { readonly state: string; readonly error: string | null; readonly cancel_requested?: number },
): Promise<boolean> {
  const lost = await readLostAttempts(tables, run, liveness);
  return writing.commit(async (tx) => {
    const nowMs = writing.clock.now();
    const ended = { ...columns, finished_at_ms: nowMs, wake_at_ms: null, lease_token: "" };
    if (!(await setUnchanged(tx, run, ended))) return false;
    for (const attempt of lost) await endLostAttempt(tx, attempt, nowMs);
    return true;
  });
}

const hasEnded = ({ state }: RunRecord): boolean =>
  state === "completed" || state === "failed" || state === "cancelled" || state === "code-mismatch";

/** The id of the run that now stands for the request. */
async function enqueue(tx: RunTransaction, run: NewRun, nowMs: number): Promise<string> {
  await tx
    .insertInto("run")
    .values(newRow(run, nowMs))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const rows = tx.selectFrom("run").select("id");
  const { requestKey } = run;
  const query = requestKey == null ? rows.where("id", "=", run.id) : rows.where("request_key", "=", requestKey);
  return (await query.executeTakeFirstOrThrow()).id;
}

async function addSignal(tx: RunTransaction, signal: Omit<SignalRecord, "atMs">, nowMs: number): Promise<void> {
  const run = await tx
    .updateTable("run")
    .set((e) => ({ signal_count: e("signal_count", "+", 1) }))
    .where("id", "=", signal.runId)
    .returning(["signal_count", "state"])
    .executeTakeFirst();
  if (run === undefined) throw new RunNotFoundError(signal.runId);
  const { runId: run_id, name, by: said_by } = signal;
  const value = JSON.stringify(signal.value);
  await tx
    .insertInto("signal")
    .values({ run_id, position: run.signal_count, name, value, said_by, at_ms: nowMs })
    .execute();
  if (run.state !== "waiting") return;
  await tx.updateTable("run").set({ state: "queued" }).where("id", "=", run_id).execute();
}

/** Takes the oldest run that can go on; a run that others take first is passed over. */
async function claim(
  parts: QueueParts,
  { queues, maxTakes }: { readonly queues: readonly string[]; readonly maxTakes: number },
): ReturnType<RunQueue["claim"]> {
  const { tables, writing, liveness } = parts;
  for (;;) {
    const candidates = await readClaimable(parts, queues);
    if (candidates.length === 0) return undefined;
    for (const run of candidates) {
      const lostCount = run.stored.lostCount + 1;
      if (run.state === "interrupted" && run.cancelRequested) {
        await endLostRun(parts, run, { state: "cancelled", error: null });
      } else if (run.state === "interrupted" && lostCount >= maxTakes) {
        await endLostRun(parts, run, { state: "failed", error: givenUp(run.id, lostCount) });
      } else {
        const lost = await readLostAttempts(tables, run, liveness);
        const taken = await writing.commit((tx) => takeRow(tx, run, { writing, lost }));
        if (taken) return { run, lease: createLease(taken, writing) };
      }
    }
  }
}

/** How many runs of a kind are looked at for one that no other claimer takes first. */
const LOOKED_AT = 8;

/** The oldest runs that can go on, oldest first. */
async function readClaimable(
  { tables, writing, liveness }: QueueParts,
  queues: readonly string[],
): Promise<StoredRun[]> {
  const nowMs = writing.clock.now();
  const read = (narrow: Parameters<typeof readRuns>[2]) =>
    readRuns(tables, liveness, (query) =>
      narrow(query)
        .where("queue", "in", [...queues])
        .orderBy("started_at_ms")
        .orderBy("id"),
    );
  const queued = await read((query) => query.where("state", "=", "queued").limit(LOOKED_AT));
  const due = await read((query) =>
    query.where("state", "=", "waiting").where("wake_at_ms", "<=", nowMs).limit(LOOKED_AT),
  );
  const taken = await read((query) => query.where("state", "=", "running").where("detached", "=", 1));
  const lost = taken.filter(({ state }) => state === "interrupted");
  return [...queued, ...due, ...lost].sort((a, b) => a.queuedAtMs - b.queuedAtMs || (a.id < b.id ? -1 : 1));
}

/** Said of a run that ended every process that took it, so that it does not end the next. */
function givenUp(runId: string, lostCount: number): string {
  return JSON.stringify({
    name: "RunGivenUp",
    code: "run-given-up",
    message:
      `The run ended the process of every worker that took it, ${lostCount} times; expected one of them to survive it. ` +
      `Look at its last steps (memory, native crashes), then: trilith resume ${runId}`,
    stack: null,
  });
}
