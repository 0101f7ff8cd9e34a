/** The run journal over SQL: what the engine writes through a lease, and what everyone can read. */

import type { Database } from "../../contracts/database.ts";
import type {
  LogRecord,
  MetadataRecord,
  MetricRecord,
  NewRun,
  RunJournal,
  RunLease,
  RunRecord,
} from "../../contracts/runs.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { entropyRandom, type Random } from "../../core/random.ts";
import { RunAliveError, RunCompletedError, RunNotFoundError } from "./errors.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createLease } from "./lease.ts";
import { type Processes, systemProcesses } from "./process-identity.ts";
import { readArtifacts, readInvocations, toRun } from "./records.ts";
import type { RunDatabase, RunTables } from "./tables.ts";

/** What the journal is handed; the defaults are this machine's. */
export interface RunJournalOptions {
  readonly clock?: Clock;
  /** Of lease tokens, which only need to differ. */
  readonly random?: Random;
  readonly processes?: Processes;
}

/** How many invocations of one cache key are looked at: the older ones only matter when the newer are damaged. */
const CACHED_LIMIT = 5;

/** Runs in a database that has `runMigrations`. */
export function createRunJournal(database: Database, options: RunJournalOptions = {}): RunJournal {
  const tables = database.withTables<RunTables>();
  const writing = {
    tables,
    clock: options.clock ?? systemClock(),
    random: options.random ?? entropyRandom(),
    processes: options.processes ?? systemProcesses(),
    commit: createGroupCommit(tables),
  };
  return {
    createRun: (run) => createRun(writing, run),
    takeRun: (runId) => takeRun(writing, runId),
    ...createReads(tables, writing.processes),
  };
}

interface Writing {
  readonly tables: RunDatabase;
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  readonly commit: ReturnType<typeof createGroupCommit>;
}

async function createRun(writing: Writing, run: NewRun): Promise<RunLease> {
  const { clock, commit, processes } = writing;
  const token = createToken(writing.random);
  const nowMs = clock.now();
  await commit((tx) =>
    tx
      .insertInto("run")
      .values({
        id: run.id,
        name: run.name,
        pipeline: run.pipeline,
        parameters: JSON.stringify(run.parameters),
        config: JSON.stringify(run.config),
        state: "running",
        error: null,
        outputs: "{}",
        owner: JSON.stringify(processes.self()),
        lease_token: token,
        started_at_ms: nowMs,
        finished_at_ms: null,
        updated_at_ms: nowMs,
      })
      .execute(),
  );
  return createLease({ runId: run.id, token, clock, commit });
}

async function takeRun(writing: Writing, runId: string): Promise<RunLease> {
  const { clock, commit, processes } = writing;
  const token = createToken(writing.random);
  const interrupted = JSON.stringify({
    name: "Interrupted",
    code: "interrupted",
    message: "The process ended before the attempt did.",
    stack: null,
  });
  await commit(async (tx) => {
    const row = await tx.selectFrom("run").selectAll().where("id", "=", runId).executeTakeFirst();
    if (row === undefined) throw new RunNotFoundError(runId);
    const run = toRun(row, processes.isAlive);
    if (run.state === "running") throw new RunAliveError(runId, run.owner.pid);
    if (run.state === "completed") throw new RunCompletedError(runId);
    const started = { state: "running", error: null, finished_at_ms: null, updated_at_ms: clock.now() };
    const owner = JSON.stringify(processes.self());
    await tx
      .updateTable("run")
      .set({ ...started, owner, lease_token: token })
      .where("id", "=", runId)
      .execute();
    await tx
      .updateTable("attempt")
      .set({ state: "failed", error: interrupted, finished_at_ms: clock.now() })
      .where("run_id", "=", runId)
      .where("state", "=", "running")
      .execute();
    await tx
      .updateTable("invocation")
      .set({ state: "cancelled", error: interrupted })
      .where("run_id", "=", runId)
      .where("state", "=", "running")
      .execute();
  });
  return createLease({ runId, token, clock, commit });
}

function createToken(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .integer(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}

function createReads(tables: RunDatabase, { isAlive }: Processes): Omit<RunJournal, "createRun" | "takeRun"> {
  return {
    findRun: (idOrName) => findRun(tables, isAlive, idOrName),
    async listRuns({ pipeline, limit } = {}) {
      let query = tables.selectFrom("run").selectAll().orderBy("started_at_ms", "desc").orderBy("id", "desc");
      if (pipeline !== undefined) query = query.where("pipeline", "=", pipeline);
      if (limit !== undefined) query = query.limit(limit);
      return (await query.execute()).map((row) => toRun(row, isAlive));
    },
    listInvocations: (runId) => readInvocations(tables, { runId }),
    async findCached(cacheKey, finishedAfterMs = 0) {
      const places = await tables
        .selectFrom("invocation")
        .select(["run_id", "id"])
        .where("cache_key", "=", cacheKey)
        .where("state", "=", "completed")
        .where("finished_at_ms", ">=", finishedAfterMs)
        .orderBy("finished_at_ms", "desc")
        .limit(CACHED_LIMIT)
        .execute();
      const found = places.map(({ run_id, id }) => readInvocations(tables, { runId: run_id, invocationId: id }));
      return (await Promise.all(found)).flat();
    },
    listArtifacts: (filter = {}) => readArtifacts(tables, filter),
    async findArtifact(idOrName) {
      const filter = idOrName.includes("@") ? { id: idOrName } : { name: idOrName };
      return (await readArtifacts(tables, { ...filter, limit: 1 }))[0];
    },
    async readInline(artifactId) {
      const row = await tables.selectFrom("artifact").select("content").where("id", "=", artifactId).executeTakeFirst();
      return row?.content ?? undefined;
    },
    listLogs: (runId, filter = {}) => readLogs(tables, runId, filter),
    listMetrics: (runId, filter = {}) => readMetrics(tables, runId, filter),
    async listMetadata(runId) {
      const rows = await tables.selectFrom("run_metadata").selectAll().where("run_id", "=", runId).execute();
      return rows.map(
        ({ invocation_id, key, value }): MetadataRecord => ({
          invocationId: invocation_id,
          key,
          value: JSON.parse(value),
        }),
      );
    },
  };
}

async function findRun(
  tables: RunDatabase,
  isAlive: Processes["isAlive"],
  idOrName: string,
): Promise<RunRecord | undefined> {
  const runs = tables.selectFrom("run").selectAll().orderBy("started_at_ms", "desc").limit(2);
  const [exact] = await runs.where((e) => e.or([e("id", "=", idOrName), e("name", "=", idOrName)])).execute();
  if (exact) return toRun(exact, isAlive);
  if (idOrName === "") return undefined;
  const [first, second] = await runs.where("id", ">=", idOrName).where("id", "<", `${idOrName}\uffff`).execute();
  return first && second === undefined ? toRun(first, isAlive) : undefined;
}

async function readLogs(
  tables: RunDatabase,
  runId: string,
  filter: { readonly invocationId?: string },
): Promise<LogRecord[]> {
  let query = tables.selectFrom("log_line").selectAll().where("run_id", "=", runId).orderBy("at_ms");
  if (filter.invocationId !== undefined) query = query.where("invocation_id", "=", filter.invocationId);
  return (await query.execute()).map((row) => ({
    invocationId: row.invocation_id,
    attempt: row.attempt,
    level: row.level as LogRecord["level"], // written from LogLevel
    message: row.message,
    fields: JSON.parse(row.fields),
    atMs: row.at_ms,
  }));
}

async function readMetrics(
  tables: RunDatabase,
  runId: string,
  filter: { readonly invocationId?: string; readonly name?: string },
): Promise<MetricRecord[]> {
  let query = tables.selectFrom("metric").selectAll().where("run_id", "=", runId).orderBy("at_ms").orderBy("at_step");
  if (filter.invocationId !== undefined) query = query.where("invocation_id", "=", filter.invocationId);
  if (filter.name !== undefined) query = query.where("name", "=", filter.name);
  return (await query.execute()).map((row) => ({
    invocationId: row.invocation_id,
    name: row.name,
    value: row.value,
    atStep: row.at_step,
    atMs: row.at_ms,
  }));
}
