/** From rows to records, and the reads that put an invocation together from its tables. */

import { type Selectable, sql } from "kysely";
import type {
  ArtifactRecord,
  AttemptRecord,
  ErrorRecord,
  InvocationRecord,
  ProcessIdentity,
  RunRecord,
} from "../../contracts/runs.ts";
import type { ContentHash } from "../../core/hash.ts";
import type { RunDatabase, RunTables } from "./tables.ts";

// Every JSON column was written by this room from the record's own type, so it is read back as that type.
const parse = <T>(text: string): T => JSON.parse(text) as T;
const parseOrNull = <T>(text: string | null): T | null => (text === null ? null : parse<T>(text));

/** A run as it is shown: `running` reads as `interrupted` when its process is gone. */
export function toRun(row: Selectable<RunTables["run"]>, isAlive: (owner: ProcessIdentity) => boolean): RunRecord {
  const owner = parse<ProcessIdentity>(row.owner);
  return {
    id: row.id,
    name: row.name,
    pipeline: row.pipeline,
    parameters: parse(row.parameters),
    config: parse(row.config),
    state: row.state === "running" && !isAlive(owner) ? "interrupted" : (row.state as RunRecord["state"]), // written from RunState
    error: parseOrNull<ErrorRecord>(row.error),
    outputs: parse(row.outputs),
    owner,
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
  };
}

/** The invocations of a run, or one of them, whole. */
export async function readInvocations(
  database: RunDatabase,
  where: { readonly runId: string; readonly invocationId?: string },
): Promise<InvocationRecord[]> {
  let invocations = database.selectFrom("invocation").selectAll().where("run_id", "=", where.runId).orderBy("position");
  let attempts = database.selectFrom("attempt").selectAll().where("run_id", "=", where.runId).orderBy("number");
  let outputs = database.selectFrom("invocation_output").selectAll().where("run_id", "=", where.runId);
  if (where.invocationId !== undefined) {
    invocations = invocations.where("id", "=", where.invocationId);
    attempts = attempts.where("invocation_id", "=", where.invocationId);
    outputs = outputs.where("invocation_id", "=", where.invocationId);
  }
  const attemptsOf = Map.groupBy(await attempts.execute(), (row) => row.invocation_id);
  const outputsOf = Map.groupBy(await outputs.execute(), (row) => row.invocation_id);
  const artifacts = new Map((await readArtifacts(database, { usedBy: where })).map((record) => [record.id, record]));
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
    step: row.step,
    displayName: row.display_name,
    state: row.state as InvocationRecord["state"], // written from InvocationState
    after: parse(row.after),
    inputs: parse(row.inputs),
    codeDigest: row.code_digest,
    cacheKey: row.cache_key,
    keyParts: parseOrNull(row.key_parts),
    cachedFrom: parseOrNull(row.cached_from),
    error: parseOrNull(row.error),
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
  };
}

function toAttempt(row: Selectable<RunTables["attempt"]>): AttemptRecord {
  return {
    number: row.number,
    state: row.state as AttemptRecord["state"], // written from AttemptState
    startedAtMs: row.started_at_ms,
    finishedAtMs: row.finished_at_ms,
    error: parseOrNull(row.error),
  };
}

export interface ArtifactFilter {
  readonly id?: string;
  readonly name?: string;
  readonly runId?: string;
  readonly usedBy?: { readonly runId: string; readonly invocationId?: string };
  readonly limit?: number;
}

/** Artifact versions with their consumers, newest first; without their bytes. */
export async function readArtifacts(database: RunDatabase, filter: ArtifactFilter): Promise<ArtifactRecord[]> {
  const { id, name, runId, usedBy, limit } = filter;
  let query = database
    .selectFrom("artifact")
    .select(["id", "name", "version", "run_id", "invocation_id", "output", "hash", "size_bytes", "materializer"])
    .select(["schema_id", "preview", "created_at_ms"])
    .select(sql<number>`case when content is null then 0 else 1 end`.as("inline"))
    .orderBy("created_at_ms", "desc")
    .orderBy("version", "desc");
  if (id !== undefined) query = query.where("id", "=", id);
  if (name !== undefined) query = query.where("name", "=", name);
  if (runId !== undefined) query = query.where("run_id", "=", runId);
  if (usedBy !== undefined) {
    let used = database.selectFrom("invocation_output").select("artifact_id").where("run_id", "=", usedBy.runId);
    if (usedBy.invocationId !== undefined) used = used.where("invocation_id", "=", usedBy.invocationId);
    query = query.where("id", "in", used);
  }
  if (limit !== undefined) query = query.limit(limit);
  const rows = await query.execute();
  const consumersOf = await readConsumers(
    database,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    version: row.version,
    hash: row.hash as ContentHash, // written from ArtifactDraft.hash
    sizeBytes: row.size_bytes,
    materializer: row.materializer,
    schemaId: row.schema_id,
    preview: parse(row.preview),
    inline: row.inline === 1,
    output: row.output,
    producer: { runId: row.run_id, invocationId: row.invocation_id },
    consumers: consumersOf.get(row.id) ?? [],
    createdAtMs: row.created_at_ms,
  }));
}

/** Below SQLite's limit on bound values. */
const IDS_AT_ONCE = 10_000;

async function readConsumers(
  database: RunDatabase,
  ids: readonly string[],
): Promise<Map<string, ArtifactRecord["consumers"]>> {
  const consumers = new Map<string, { runId: string; invocationId: string }[]>();
  for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
    const rows = await database
      .selectFrom("invocation_input")
      .selectAll()
      .where("artifact_id", "in", ids.slice(start, start + IDS_AT_ONCE))
      .execute();
    for (const { artifact_id, run_id, invocation_id } of rows) {
      const known = consumers.get(artifact_id) ?? [];
      consumers.set(artifact_id, [...known, { runId: run_id, invocationId: invocation_id }]);
    }
  }
  return consumers;
}
