/** The run journal over SQL: what the engine writes through leases, and what everyone can read. */

import { sql } from "kysely";
import type { Database } from "../../contracts/database.ts";
import type { RunJournal } from "../../contracts/run-journal.ts";
import type { InvocationRecord } from "../../contracts/runs.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { entropyRandom, type Random } from "../../core/random.ts";
import { createArtifactCatalog } from "./artifact-catalog.ts";
import { beginAttempt, type Writing } from "./attempt-lease.ts";
import { AttemptLostError, RunEndedError, RunLeaseLostError, RunNotFoundError } from "./errors.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createLease } from "./lease.ts";
import { type Liveness, systemLiveness } from "./liveness.ts";
import { createObservationLog } from "./observations.ts";
import { createRunQueue, type QueueParts } from "./queue.ts";
import { readInvocations, readRuns, type StoredRun } from "./records.ts";
import type { RunDatabase, RunTables, RunTransaction } from "./tables.ts";
import { assertTakeable, isUnchanged, newRow, readLostAttempts, takeRow } from "./take-run.ts";

/** What the journal is handed; the defaults are this machine's. */
export interface RunJournalOptions {
  readonly clock?: Clock;
  /** Of lease tokens, which only need to differ. */
  readonly random?: Random;
  readonly liveness?: Liveness;
}

/** How many invocations of one cache key are looked at: the older ones only matter when the newer are damaged. */
const CACHED_LIMIT = 5;
/** How many earlier invocations of a step are compared with one. */
const EARLIER_LIMIT = 50;

/** Runs in a database that has `runMigrations`. */
export function createRunJournal(database: Database, options: RunJournalOptions = {}): RunJournal {
  const tables = database.withTables<RunTables>();
  const { clock = systemClock(), random = entropyRandom(), liveness = systemLiveness() } = options;
  const writing: Writing = {
    clock,
    commit: createGroupCommit(tables),
    createToken: () => createToken(random),
    self: () => liveness.self(),
  };
  const parts = { tables, writing, liveness };
  return {
    artifacts: createArtifactCatalog(tables, writing),
    queue: createRunQueue(parts),
    observations: createObservationLog(tables),
    ...createTaking(parts),
    ...createReads(parts),
  };
}

function createTaking(
  parts: QueueParts,
): Pick<RunJournal, "createRun" | "takeRun" | "takeAttempt" | "findRun" | "deleteRun"> {
  const { tables, writing, liveness } = parts;
  const findRun = (idOrName: string) => findRunOf(parts, idOrName);
  return {
    findRun,
    async createRun(run) {
      const token = writing.createToken();
      const nowMs = writing.clock.now();
      const owner = JSON.stringify(writing.self());
      const begun = { state: "running", owner, lease_token: token, taken_count: 1, taken_at_ms: nowMs };
      await writing.commit((tx) =>
        tx
          .insertInto("run")
          .values({ ...newRow(run, nowMs), ...begun })
          .execute(),
      );
      return createLease({ runId: run.id, token, lastPosition: 0, begun: [] }, writing);
    },
    async takeRun(runId) {
      const [run] = await readRuns(tables, liveness, (query) => query.where("id", "=", runId));
      if (run === undefined) throw new RunNotFoundError(runId);
      assertTakeable(run);
      const lost = await readLostAttempts(tables, run, liveness);
      const taken = await writing.commit((tx) => takeRow(tx, run, { writing, lost }));
      if (taken === undefined) throw new RunLeaseLostError(run.id);
      return createLease(taken, writing);
    },
    takeAttempt: (place) => takeAttempt(writing, place),
    async deleteRun(runId) {
      for (;;) {
        const run = await findRun(runId);
        if (run === undefined) throw new RunNotFoundError(runId);
        if (run.state === "running" || run.state === "queued" || run.state === "waiting") {
          throw new RunEndedError(run.id, run.state);
        }
        if (await writing.commit((tx) => deleteRow(tx, run))) return;
      }
    },
  };
}

/** Deletes the run with all that is in it; `false` when somebody has taken it meanwhile. */
async function deleteRow(tx: RunTransaction, { id, stored }: StoredRun): Promise<boolean> {
  // Its invocations, attempts and signals go with it.
  const { numDeletedRows } = await tx.deleteFrom("run").where(isUnchanged(stored)).executeTakeFirst();
  if (numDeletedRows !== 1n) return false;
  for (const table of ["invocation_output", "invocation_input", "metric", "log_line", "run_metadata"] as const) {
    await tx.deleteFrom(table).where("run_id", "=", id).execute();
  }
  return true;
}

function takeAttempt(
  writing: Writing,
  { runId, invocationId, executor }: Parameters<RunJournal["takeAttempt"]>[0],
): ReturnType<RunJournal["takeAttempt"]> {
  const token = writing.createToken();
  return writing.commit(async (tx) => {
    // The invocation first: of two processes that want the attempt, the second waits here for the first.
    const { numUpdatedRows } = await tx
      .updateTable("invocation")
      .set({ state: "running", error: null })
      .where("run_id", "=", runId)
      .where("id", "=", invocationId)
      .where("state", "in", ["running", "cancelled"])
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) throw new AttemptLostError(runId, invocationId);
    return beginAttempt(tx, { runId, invocationId, executor, token }, writing);
  });
}

function createReads({
  tables,
  liveness,
}: QueueParts): Pick<RunJournal, "listRuns" | "listInvocations" | "findCached" | "findEarlier" | "findCode"> {
  return {
    async listRuns({ pipeline, states, tag, limit } = {}) {
      // A running run may turn out to be interrupted, so states are compared as they are shown.
      const runs = await readRuns(tables, liveness, (query) => {
        let narrowed = query.orderBy("started_at_ms", "desc").orderBy("id", "desc");
        const stored = states?.map((state) => (state === "interrupted" ? "running" : state));
        if (stored !== undefined) narrowed = narrowed.where("state", "in", stored);
        if (pipeline !== undefined) narrowed = narrowed.where("pipeline", "=", pipeline);
        if (limit !== undefined && states === undefined && tag === undefined) narrowed = narrowed.limit(limit);
        return narrowed;
      });
      return runs
        .filter(({ state, tags }) => (states?.includes(state) ?? true) && (tag === undefined || tags.includes(tag)))
        .slice(0, limit);
    },
    async listInvocations(runId, { ids, attempted } = {}) {
      const wanted = attempted ? await readAttempted(tables, runId, ids ?? []) : ids;
      if (wanted?.length === 0) return [];
      return readInvocations(tables, [{ runId, ...(wanted === undefined ? {} : { ids: wanted }) }]);
    },
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
      return readPlaces(tables, places);
    },
    async findEarlier(step, exceptRunId) {
      const places = await tables
        .selectFrom("invocation")
        .select(["run_id", "id"])
        .where("step", "=", step)
        .where("run_id", "!=", exceptRunId)
        .where("key_parts", "is not", null)
        .where("state", "in", ["completed", "cached"])
        .orderBy("finished_at_ms", "desc")
        .limit(EARLIER_LIMIT)
        .execute();
      return readPlaces(tables, places);
    },
    async findCode(digest) {
      const row = await tables.selectFrom("code").select("parts").where("digest", "=", digest).executeTakeFirst();
      return row && JSON.parse(row.parts);
    },
  };
}

async function readAttempted(tables: RunDatabase, runId: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tables
    .selectFrom("attempt")
    .select("invocation_id")
    .distinct()
    .where("run_id", "=", runId)
    .where("invocation_id", "in", [...ids])
    .where("state", "!=", "running")
    .execute();
  return rows.map(({ invocation_id }) => invocation_id);
}

/** Invocations of any runs, in the order of their places. */
async function readPlaces(
  tables: RunDatabase,
  places: readonly { readonly run_id: string; readonly id: string }[],
): Promise<InvocationRecord[]> {
  const filters = places.map(({ run_id, id }) => ({ runId: run_id, ids: [id] }));
  const found = await readInvocations(tables, filters, { withConsumers: false });
  return places.flatMap(({ run_id, id }) => found.find((each) => each.runId === run_id && each.id === id) ?? []);
}

async function findRunOf({ tables, liveness }: QueueParts, idOrName: string) {
  const [exact] = await readRuns(tables, liveness, (query) =>
    query
      .where((e) => e.or([e("id", "=", idOrName), e("name", "=", idOrName)]))
      .orderBy("started_at_ms", "desc")
      .limit(1),
  );
  if (exact || idOrName === "") return exact;
  // By comparing and not by order, which depends on the collation.
  const [first, second] = await readRuns(tables, liveness, (query) =>
    query.where(sql`substr(id, 1, ${idOrName.length})`, "=", idOrName).limit(2),
  );
  return second === undefined ? first : undefined;
}

function createToken(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .integer(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}
