/** From rows to records, and the reads that put a run or an invocation together from its tables. */

import { type Selectable, type SelectQueryBuilder, sql } from "kysely";
import type { AttemptRecord, ErrorRecord, InvocationRecord, ProcessIdentity, RunRecord } from "../../contracts/runs.ts";
import { readArtifacts } from "./artifact-catalog.ts";
import type { Liveness } from "./liveness.ts";
import type { RunDatabase, RunTables } from "./tables.ts";

// Every JSON column was written by this room from the record's own type, so it is read back as that type.
const parse = <T>(text: string): T => JSON.parse(text) as T;
const parseOrNull = <T>(text: string | null): T | null => (text === null ? null : parse<T>(text));

type RunQuery = SelectQueryBuilder<RunTables, "run", RunTables["run"]>;

/** A run as it is shown, and what its row said when it was read: a write that depends on it compares that. */
export type StoredRun = RunRecord & {
  readonly stored: { readonly id: string; readonly state: string; readonly token: string; readonly lostCount: number };
};

export async function readRuns(
  tables: RunDatabase,
  liveness: Liveness,
  narrow: (query: RunQuery) => RunQuery,
): Promise<StoredRun[]> {
  const rows = await narrow(tables.selectFrom("run").selectAll()).execute();
  const running = rows.flatMap((row) => {
    const owner = row.state === "running" ? parseOwner(row.owner) : null;
    return owner ? [{ id: row.id, owner }] : [];
  });
  const alive = await liveness.alive(running.map(({ owner }) => owner));
  const gone = new Set(running.filter((_, i) => !alive[i]).map(({ id }) => id));
  return rows.map((row) => {
    const record = toRun(row, gone.has(row.id));
    const value = { id: row.id, state: row.state, token: row.lease_token, lostCount: row.lost_count };
    // Not enumerable, so that records compare and print as what they are.
    return Object.defineProperty(record, "stored", { value }) as StoredRun;
  });
}

/** Older releases did not write all of it. */
export function parseOwner(text: string): ProcessIdentity | null {
  const owner = parse<ProcessIdentity | null>(text);
  return owner && { ...{ host: "", session: null }, ...owner };
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
    owner: parseOwner(row.owner),
    takenCount: row.taken_count,
    cancelRequested: row.cancel_requested === 1,
    wakeAtMs: row.wake_at_ms,
    queuedAtMs: row.started_at_ms,
    startedAtMs: row.taken_at_ms,
    finishedAtMs: row.finished_at_ms,
    heartbeatAtMs: row.taken_at_ms === null ? null : row.updated_at_ms,
  };
}

/** Invocations of a run: these, or all. */
export interface InvocationFilter {
  readonly runId: string;
  readonly ids?: readonly string[];
}

/** Invocations whole, in order of their runs' ids and within them of their start; consumers where they are wanted. */
export async function readInvocations(
  database: RunDatabase,
  filters: readonly InvocationFilter[],
  { withConsumers = true } = {},
): Promise<InvocationRecord[]> {
  if (filters.length === 0) return [];
  const made = anyOf(filters, "invocation_id");
  const rows = await database
    .selectFrom("invocation")
    .selectAll()
    .where(anyOf(filters, "id"))
    .orderBy("run_id")
    .orderBy("position")
    .execute();
  const attempts = await database.selectFrom("attempt").selectAll().where(made).orderBy("number").execute();
  const outputs = await database.selectFrom("invocation_output").selectAll().where(made).execute();
  const usedBy = database.selectFrom("invocation_output").select("artifact_id").where(made);
  const records = outputs.length === 0 ? [] : await readArtifacts(database, { usedBy }, { withConsumers });
  const artifacts = new Map(records.map((record) => [record.id, record]));
  const attemptsOf = Map.groupBy(attempts, placeKey);
  const outputsOf = Map.groupBy(outputs, placeKey);
  return rows.map((row) => {
    const key = placeKey({ run_id: row.run_id, invocation_id: row.id });
    return {
      ...toInvocation(row),
      attempts: (attemptsOf.get(key) ?? []).map(toAttempt),
      outputs: (outputsOf.get(key) ?? []).flatMap(({ artifact_id, output }) => {
        const record = artifacts.get(artifact_id);
        return record ? [{ ...record, output }] : [];
      }),
    };
  });
}

const placeKey = ({ run_id, invocation_id }: { readonly run_id: string; readonly invocation_id: string }): string =>
  `${run_id}\n${invocation_id}`;

function anyOf(filters: readonly InvocationFilter[], idColumn: "id" | "invocation_id") {
  const each = filters.map(({ runId, ids }) =>
    ids === undefined
      ? sql`run_id = ${runId}`
      : sql`(run_id = ${runId} and ${sql.ref(idColumn)} in (${sql.join(ids)}))`,
  );
  return sql<boolean>`(${sql.join(each, sql` or `)})`;
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
