/**
 * SQLite through `node:sqlite`: write-ahead log, full synchronisation, and transactions that take the write lock when
 * they begin, so that two processes wait for each other instead of failing. The waiting is done between attempts, and
 * not by SQLite, which would stop this process: also one that holds the lock itself, through another connection.
 */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Database } from "../../../contracts/database.ts";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { isBusy, toSqliteError } from "./sqlite-errors.ts";

/** Where the database is, and how patient it is. */
export interface SqliteDatabaseOptions {
  /** Path of the file, made with its folder when absent; `:memory:` for a database that ends with the process. */
  readonly file: string;
  /** How long a writer waits for another one's lock. Default 60,000. */
  readonly busyTimeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * Opens a SQLite database; `destroy()` closes it. A full disk, a damaged file or a lock that is not given up in time
 * are told by the statement that meets them, also later.
 *
 * @throws {DatabaseUnusableError} when the file cannot be opened or is no database
 */
export function openSqliteDatabase(options: SqliteDatabaseOptions): Database {
  const { file, busyTimeoutMs = 60_000, clock = systemClock() } = options;
  const connection = openConnection(file, busyTimeoutMs);
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new QueueingSqliteAdapter(),
      createDriver: () => sqliteDriver(connection, { file, busyTimeoutMs, clock }),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

/** The driver below lets one caller in after the other by itself, in order; Kysely's own lock would wake all of them each time. */
class QueueingSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function openConnection(file: string, busyTimeoutMs: number): DatabaseSync {
  let connection: DatabaseSync | undefined;
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    connection = new DatabaseSync(file, { timeout: busyTimeoutMs });
    connection.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
    connection.exec("pragma busy_timeout = 0"); // from here on it is waited between attempts
    return connection;
  } catch (error) {
    connection?.close();
    throw toSqliteError(file, error);
  }
}

/** One connection, used by one transaction or statement at a time. */
function sqliteDriver(raw: DatabaseSync, patience: Patience): Driver {
  let tail: Promise<void> = Promise.resolve();
  const prepare = createStatementCache(raw);
  const releases = new WeakMap<DatabaseConnection, () => void>();
  return {
    init: async () => undefined,
    async acquireConnection() {
      const before = tail;
      let release = (): void => undefined;
      tail = new Promise<void>((resolve) => {
        release = resolve;
      });
      await before;
      const connection = sqliteConnection(raw, prepare, patience);
      releases.set(connection, release);
      return connection;
    },
    async beginTransaction(connection) {
      await connection.executeQuery(CompiledQuery.raw("begin immediate"));
    },
    async commitTransaction(connection) {
      await connection.executeQuery(CompiledQuery.raw("commit"));
    },
    async rollbackTransaction(connection) {
      // Some errors, such as a full disk, have made SQLite roll back by itself.
      if (raw.isTransaction) await connection.executeQuery(CompiledQuery.raw("rollback"));
    },
    async releaseConnection(connection) {
      releases.get(connection)?.();
    },
    async destroy() {
      raw.close();
    },
  };
}

type Prepare = (sql: string) => { readonly statement: StatementSync; readonly givesRows: boolean };

/** How many statements are kept prepared: more than the stores have, so that only generated ones fall out. */
const KEPT_STATEMENTS = 500;

/** Preparing costs more than running a small statement does. The one that was used longest ago goes first. */
function createStatementCache(raw: DatabaseSync): Prepare {
  const kept = new Map<string, ReturnType<Prepare>>();
  return (sql) => {
    let prepared = kept.get(sql);
    if (prepared) kept.delete(sql);
    else {
      const statement = raw.prepare(sql);
      prepared = { statement, givesRows: statement.columns().length > 0 };
    }
    kept.set(sql, prepared);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_STATEMENTS && oldest !== undefined) kept.delete(oldest);
    return prepared;
  };
}

interface Patience {
  readonly file: string;
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

const LONGEST_WAIT_MS = 50;

function sqliteConnection(raw: DatabaseSync, prepare: Prepare, patience: Patience): DatabaseConnection {
  return {
    executeQuery: (query) => untilFree(raw, patience, () => execute(prepare, query)),
    async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      const rows = await untilFree(raw, patience, () => raw.prepare(sql).iterate(...toValues(parameters)));
      for (const row of rows) yield { rows: [row as R] };
    },
  };
}

// Stores bind text, numbers, bytes and null only.
const toValues = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];

function execute<R>(prepare: Prepare, { sql, parameters }: CompiledQuery): QueryResult<R> {
  const { statement, givesRows } = prepare(sql);
  if (givesRows) return { rows: statement.all(...toValues(parameters)) as R[] };
  const { changes, lastInsertRowid } = statement.run(...toValues(parameters));
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

/** Does it as soon as no other connection holds the lock. Within a transaction the lock is ours. */
async function untilFree<T>(raw: DatabaseSync, { file, busyTimeoutMs, clock }: Patience, body: () => T): Promise<T> {
  let sinceMs: number | undefined;
  for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return body();
    } catch (error) {
      sinceMs ??= clock.now();
      const patient = isBusy(error) && !raw.isTransaction && clock.now() - sinceMs < busyTimeoutMs;
      if (!patient) throw toSqliteError(file, error);
    }
    await clock.sleep(waitMs);
  }
}
