/** From rows to records, and the reads that put a run or an invocation together from its tables. */

import type { Selectable, SelectQueryBuilder } from "kysely";
import type { AttemptRecord, ErrorRecord, InvocationRecord, ProcessIdentity, RunRecord } from "../../contracts/runs.ts";
import { readArtifacts } from "./artifact-catalog.ts";
import type { Liveness } from "./liveness.ts";
import type { RunDatabase, RunTables } from "./tables.ts";

// Every JSON column was written by this room from the record's own type, so it is read back as that type.
const parse = <T>(text: string): T => JSON.parse(text) as T;
const parseOrNull = <T>(text: string | null): T | null => (text === null ? null : parse<T>(text));

type RunQuery = SelectQueryBuilder<RunTables, "run", RunTables["run"]>;

/** Runs as they are shown, with the token that their state was read under. */
export async function readRuns(
  tables: RunDatabase,
  liveness: Liveness,
  narrow: (query: RunQuery) => RunQuery,
): Promise<(RunRecord & { readonly token: string })[]> {
  const rows = await narrow(tables.selectFrom("run").selectAll()).execute();
  const running = rows.filter(({ state }) => state === "running");
  const alive = await liveness.alive(running.map(({ owner }) => parse<ProcessIdentity>(owner)));
  const gone = new Set(running.filter((_, i) => !alive[i]).map(({ id }) => id));
  return rows.map((row) => {
    const record = { ...toRun(row, gone.has(row.id)) };
    // Not enumerable, so that records compare and print as what they are.
    return Object.defineProperty(record, "token", { value: row.lease_token }) as RunRecord & { token: string };
  });
}

function toRun(row: Selectable<RunTables["run"]>, isGone: boolean): RunRecord {
  return {
    id: row.id,
    name: row.name,
    pipeline: row.pipeline,
    parameters: parse(row.parameters),
    config: parse(row.config),
    state: isGone ? "interrupted" : (row.state as RunRecord["state"]), // written from RunState
    error: parseOrNull<ErrorRecord>(row.error),
    outputs: parse(row.outputs),
    tags: parse(row.tags),
    queue: row.queue,
    detached: row.detached === 1,
    requestKey: row.request_key,
    codeDigest: row.code_digest,
    owner: parse(row.owner),
    takenCount: row.taken_count,
    cancelRequested: row.cancel_requested === 1,
    wakeAtMs: row.wake_at_ms,
    queuedAtMs: row.started_at_ms,
    startedAtMs: row.taken_at_ms,
    finishedAtMs: row.finished_at_ms,
    heartbeatAtMs: row.taken_at_ms === null ? null : row.updated_at_ms,
  };
}

/** The invocations of a run, or some of them, whole; consumers of their outputs where they are wanted. */
export async function readInvocations(
  database: RunDatabase,
  { runId, ids, withConsumers = true }: { runId: string; ids?: readonly string[]; withConsumers?: boolean },
): Promise<InvocationRecord[]> {
  let invocations = database.selectFrom("invocation").selectAll().where("run_id", "=", runId).orderBy("position");
  let attempts = database.selectFrom("attempt").selectAll().where("run_id", "=", runId).orderBy("number");
  let outputs = database.selectFrom("invocation_output").selectAll().where("run_id", "=", runId);
  if (ids !== undefined) {
    invocations = invocations.where("id", "in", [...ids]);
    attempts = attempts.where("invocation_id", "in", [...ids]);
    outputs = outputs.where("invocation_id", "in", [...ids]);
  }
  const usedBy = { runId, ...(ids === undefined ? {} : { invocationIds: ids }) };
  const records = await readArtifacts(database, { usedBy }, { withConsumers });
  const artifacts = new Map(records.map((record) => [record.id, record]));
  const attemptsOf = Map.groupBy(await attempts.execute(), (row) => row.invocation_id);
  const outputsOf = Map.groupBy(await outputs.execute(), (row) => row.invocation_id);
  return (await invocations.execute()).map((row) => ({
    ...toInvocation(row),
    attempts: (attemptsOf.get(row.id) ?? []).map(toAttempt),
    outputs: (outputsOf.get(row.id) ?? []).flatMap(({ artifact_id, output }) => {
      const record = artifacts.get(artifact_id);
      return record ? [{ ...record, output }] : [];
    }),
  }));
}

function toInvocation(row: Selectable<RunTables["invocation"]>): Omit<InvocationRecord, "attempts" | "outputs"> {
  return {
    runId: row.run_id,
    id: row.id,
    kind: row.kind as InvocationRecord["kind"], // written from InvocationKind
    parentId: row.parent_id,
    step: row.step,
    displayName: row.display_name,
    state: row.state as InvocationRecord["state"], // written from InvocationState
    after: parse(row.after),
    inputs: parse(row.inputs),
    codeDigest: row.code_digest,
    cacheKey: row.cache_key,
    keyParts: parseOrNull(row.key_parts),
    cachedFrom: parseOrNull(row.cached_from),
    tags: parse(row.tags),
    wait: parseOrNull(row.wait),
    error: parseOrNull(row.error),
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
  };
}

function toAttempt(row: Selectable<RunTables["attempt"]>): AttemptRecord {
  return {
    number: row.number,
    executor: row.executor,
    state: row.state as AttemptRecord["state"], // written from AttemptState
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
    error: parseOrNull(row.error),
  };
}
