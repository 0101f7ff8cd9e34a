/** What is to be run, and what is said to runs from outside. */

import type { NewRun, RunQueue } from "../../contracts/run-journal.ts";
import type { RunRecord, SignalRecord } from "../../contracts/runs.ts";
import type { Writing } from "./attempt-lease.ts";
import { RunEndedError, RunNotFoundError } from "./errors.ts";
import { createLease } from "./lease.ts";
import type { Liveness } from "./liveness.ts";
import { readRuns } from "./records.ts";
import type { RunDatabase, RunTransaction } from "./tables.ts";
import { assertTakeable, newRow, readLostAttempts, takeRow } from "./take-run.ts";

export interface QueueParts {
  readonly tables: RunDatabase;
  readonly writing: Writing;
  readonly liveness: Liveness;
}

export function createRunQueue(parts: QueueParts): RunQueue {
  const { tables, writing, liveness } = parts;
  const { clock, commit } = writing;
  const runOf = async (id: string): Promise<RunRecord> => {
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
      const run = await runOf(runId);
      if (hasEnded(run)) throw new RunEndedError(run.id, run.state);
      const without = run.state !== "running"; // a process: there is nobody to tell
      const ended = without ? { state: "cancelled", finished_at_ms: clock.now(), lease_token: "" } : {};
      await commit((tx) =>
        tx
          .updateTable("run")
          .set({ cancel_requested: 1, ...ended })
          .where("id", "=", run.id)
          .where("state", "=", run.state === "interrupted" ? "running" : run.state)
          .execute(),
      );
      return runOf(run.id);
    },
    async requeue(runId) {
      const run = await runOf(runId);
      assertTakeable(run);
      await commit((tx) =>
        tx
          .updateTable("run")
          .set({ state: "queued", lease_token: "", wake_at_ms: null, cancel_requested: 0, detached: 1 })
          .where("id", "=", run.id)
          .where("state", "=", run.state === "interrupted" ? "running" : run.state)
          .execute(),
      );
      return runOf(run.id);
    },
  };
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
  { tables, writing, liveness }: QueueParts,
  { queues, maxTakes }: { readonly queues: readonly string[]; readonly maxTakes: number },
): ReturnType<RunQueue["claim"]> {
  const nowMs = writing.clock.now();
  const candidates = await readRuns(tables, liveness, (query) =>
    query
      .where("queue", "in", [...queues])
      .where((e) =>
        e.or([
          e("state", "=", "queued"),
          e.and([e("state", "=", "waiting"), e("wake_at_ms", "<=", nowMs)]),
          e.and([e("state", "=", "running"), e("detached", "=", 1)]),
        ]),
      )
      .orderBy("started_at_ms")
      .orderBy("id"),
  );
  for (const run of candidates) {
    if (run.state === "running") continue;
    const stored = { id: run.id, token: run.token, state: run.state === "interrupted" ? "running" : run.state };
    if (run.takenCount >= maxTakes && run.state === "interrupted") {
      await giveUp({ tables, writing, liveness }, stored, run.takenCount);
      continue;
    }
    const lost = await readLostAttempts(tables, run, liveness);
    const taken = await writing.commit((tx) => takeRow(tx, stored, { writing, lost }));
    if (taken) return { run, lease: createLease(taken, writing) };
  }
  return undefined;
}

/** Ends a run that ended every process that took it, so that it does not end the next. */
async function giveUp(
  { writing }: QueueParts,
  run: { readonly id: string; readonly token: string },
  takenCount: number,
): Promise<void> {
  const error = {
    name: "RunGivenUp",
    code: "run-given-up",
    message:
      `The run ended the process of every worker that took it, ${takenCount} times; expected one of them to survive it. ` +
      `Look at its last steps (memory, native crashes), then: trilith resume ${run.id}`,
    stack: null,
  };
  await writing.commit((tx) =>
    tx
      .updateTable("run")
      .set({ state: "failed", error: JSON.stringify(error), finished_at_ms: writing.clock.now(), lease_token: "" })
      .where("id", "=", run.id)
      .where("lease_token", "=", run.token)
      .execute(),
  );
}
