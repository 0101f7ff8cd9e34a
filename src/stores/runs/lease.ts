/** Writing one run. Every write compares the lease's token in its own transaction: a process that lost the run writes nothing. */

import type { Transaction } from "kysely";
import type {
  ArtifactDraft,
  ArtifactRecord,
  AttemptEnd,
  InvocationEnd,
  InvocationEntry,
  Observations,
  RunEnd,
  RunLease,
} from "../../contracts/runs.ts";
import type { Clock } from "../../core/clock.ts";
import { RunLeaseLostError } from "./errors.ts";
import type { Write } from "./group-commit.ts";
import type { RunTables } from "./tables.ts";

type Tx = Transaction<RunTables>;

/** Rows of one statement, so that its values stay below SQLite's limit. */
const ROWS_AT_ONCE = 1_000;

export interface LeaseParts {
  readonly runId: string;
  readonly token: string;
  readonly clock: Clock;
  commit<T>(write: Write<T>): Promise<T>;
}

/** The lease that `token` stands for. */
export function createLease({ runId, token, clock, commit }: LeaseParts): RunLease {
  const guarded = <T>(write: Write<T>): Promise<T> =>
    commit(async (transaction) => {
      await assertHeld(transaction, { runId, token, nowMs: clock.now() });
      return write(transaction);
    });
  const writer = { runId, nowMs: (): number => clock.now() };
  return {
    runId,
    startAttempt: (entry) => guarded((tx) => startAttempt(tx, writer, entry)),
    finishAttempt: (end) => guarded((tx) => finishAttempt(tx, writer, end)),
    settle: (entry, end) => guarded((tx) => settle(tx, writer, { entry, end })),
    append: (observations) => guarded((tx) => append(tx, runId, observations)),
    finish: (end) => guarded((tx) => finishRun(tx, writer, end)),
  };
}

interface Writer {
  readonly runId: string;
  nowMs(): number;
}

async function assertHeld(tx: Tx, lease: { runId: string; token: string; nowMs: number }): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("run")
    .set({ updated_at_ms: lease.nowMs })
    .where("id", "=", lease.runId)
    .where("lease_token", "=", lease.token)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new RunLeaseLostError(lease.runId);
}

async function startAttempt(tx: Tx, writer: Writer, entry: InvocationEntry): Promise<number> {
  await enterInvocation(tx, writer, entry);
  const { count } = await tx
    .selectFrom("attempt")
    .select((e) => e.fn.countAll<number>().as("count"))
    .where("run_id", "=", writer.runId)
    .where("invocation_id", "=", entry.id)
    .executeTakeFirstOrThrow();
  const number = count + 1;
  await tx
    .insertInto("attempt")
    .values({
      run_id: writer.runId,
      invocation_id: entry.id,
      number,
      state: "running",
      error: null,
      started_at_ms: writer.nowMs(),
      finished_at_ms: null,
    })
    .execute();
  return number;
}

/** Writes the invocation as running; what an earlier try of the same run left of it is replaced. */
async function enterInvocation(tx: Tx, { runId, nowMs }: Writer, entry: InvocationEntry): Promise<void> {
  const { last } = await tx
    .selectFrom("invocation")
    .select((e) => e.fn.max("position").as("last"))
    .where("run_id", "=", runId)
    .executeTakeFirstOrThrow();
  const columns = {
    display_name: entry.displayName,
    state: "running",
    after: JSON.stringify(entry.after),
    inputs: JSON.stringify(entry.inputs),
    code_digest: entry.codeDigest,
    cache_key: entry.cacheKey,
    key_parts: entry.keyParts === null ? null : JSON.stringify(entry.keyParts),
    cached_from: null,
    error: null,
    finished_at_ms: null,
  };
  await tx
    .insertInto("invocation")
    .values({
      run_id: runId,
      id: entry.id,
      step: entry.step,
      position: (last ?? 0) + 1,
      started_at_ms: nowMs(),
      ...columns,
    })
    .onConflict((conflict) => conflict.columns(["run_id", "id"]).doUpdateSet(columns))
    .execute();
  const artifactIds = new Set(entry.inputs.flatMap(({ artifactId }) => artifactId ?? []));
  if (artifactIds.size === 0) return;
  await tx
    .insertInto("invocation_input")
    .values([...artifactIds].map((artifact_id) => ({ run_id: runId, invocation_id: entry.id, artifact_id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function finishAttempt(tx: Tx, writer: Writer, end: AttemptEnd): Promise<ArtifactRecord[]> {
  const finished = { state: end.state, error: end.error && JSON.stringify(end.error), finished_at_ms: writer.nowMs() };
  await tx
    .updateTable("attempt")
    .set(finished)
    .where("run_id", "=", writer.runId)
    .where("invocation_id", "=", end.invocationId)
    .where("number", "=", end.attempt)
    .execute();
  const records: ArtifactRecord[] = [];
  for (const draft of end.artifacts)
    records.push(await addArtifact(tx, writer, { draft, invocationId: end.invocationId }));
  if (end.final) await endInvocation(tx, writer, { id: end.invocationId, finished, outputs: records });
  return records;
}

async function addArtifact(
  tx: Tx,
  { runId, nowMs }: Writer,
  { draft, invocationId }: { draft: ArtifactDraft; invocationId: string },
): Promise<ArtifactRecord> {
  const { content, ...described } = draft;
  const { last } = await tx
    .selectFrom("artifact")
    .select((e) => e.fn.max("version").as("last"))
    .where("name", "=", draft.name)
    .executeTakeFirstOrThrow();
  const version = (last ?? 0) + 1;
  const record: ArtifactRecord = {
    ...described,
    id: `${draft.name}@${version}`,
    version,
    inline: content !== null,
    producer: { runId, invocationId },
    consumers: [],
    createdAtMs: nowMs(),
  };
  await tx
    .insertInto("artifact")
    .values({
      id: record.id,
      name: record.name,
      version,
      run_id: runId,
      invocation_id: invocationId,
      output: record.output,
      hash: record.hash,
      size_bytes: record.sizeBytes,
      materializer: record.materializer,
      schema_id: record.schemaId,
      preview: JSON.stringify(record.preview),
      content,
      created_at_ms: record.createdAtMs,
    })
    .execute();
  return record;
}

async function endInvocation(
  tx: Tx,
  { runId }: Writer,
  end: {
    readonly id: string;
    readonly finished: { state: string; error: string | null; finished_at_ms: number; cached_from?: string };
    readonly outputs: readonly ArtifactRecord[];
  },
): Promise<void> {
  await tx.updateTable("invocation").set(end.finished).where("run_id", "=", runId).where("id", "=", end.id).execute();
  await tx.deleteFrom("invocation_output").where("run_id", "=", runId).where("invocation_id", "=", end.id).execute();
  if (end.outputs.length === 0) return;
  await tx
    .insertInto("invocation_output")
    .values(end.outputs.map(({ id, output }) => ({ run_id: runId, invocation_id: end.id, output, artifact_id: id })))
    .execute();
}

async function settle(
  tx: Tx,
  writer: Writer,
  { entry, end }: { entry: InvocationEntry; end: InvocationEnd },
): Promise<void> {
  await enterInvocation(tx, writer, entry);
  const common = { state: end.state, finished_at_ms: writer.nowMs() };
  if (end.state !== "cached") {
    return endInvocation(tx, writer, {
      id: entry.id,
      finished: { ...common, error: JSON.stringify(end.error) },
      outputs: [],
    });
  }
  const from = JSON.stringify({ runId: end.from.runId, invocationId: end.from.id });
  await endInvocation(tx, writer, {
    id: entry.id,
    finished: { ...common, error: null, cached_from: from },
    outputs: end.from.outputs,
  });
}

async function append(tx: Tx, runId: string, { logs, metrics, metadata }: Observations): Promise<void> {
  for (const part of inParts(logs)) {
    await tx
      .insertInto("log_line")
      .values(
        part.map(({ invocationId, attempt, level, message, fields, atMs }) => ({
          run_id: runId,
          invocation_id: invocationId,
          attempt,
          level,
          message,
          fields: JSON.stringify(fields),
          at_ms: atMs,
        })),
      )
      .execute();
  }
  for (const part of inParts(metrics)) {
    await tx
      .insertInto("metric")
      .values(
        part.map(({ invocationId, name, value, atStep, atMs }) => ({
          run_id: runId,
          invocation_id: invocationId,
          name,
          value,
          at_step: atStep,
          at_ms: atMs,
        })),
      )
      .execute();
  }
  for (const { invocationId, key, value } of metadata) {
    await tx
      .insertInto("run_metadata")
      .values({ run_id: runId, invocation_id: invocationId, key, value: JSON.stringify(value) })
      .onConflict((conflict) =>
        conflict.columns(["run_id", "invocation_id", "key"]).doUpdateSet({ value: JSON.stringify(value) }),
      )
      .execute();
  }
}

function* inParts<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) yield rows.slice(start, start + ROWS_AT_ONCE);
}

async function finishRun(tx: Tx, { runId, nowMs }: Writer, end: RunEnd): Promise<void> {
  await tx
    .updateTable("run")
    .set({
      state: end.state,
      error: end.error && JSON.stringify(end.error),
      outputs: JSON.stringify(end.outputs),
      finished_at_ms: nowMs(),
    })
    .where("id", "=", runId)
    .execute();
}
