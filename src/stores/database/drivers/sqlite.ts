/**
 * SQLite through `node:sqlite`: write-ahead log, full synchronisation, and transactions that take
 * the write lock when they begin, so that two processes wait for each other instead of failing.
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
import { DatabaseUnusableError } from "../errors.ts";

/** Where the database is, and how patient it is. */
export interface SqliteDatabaseOptions {
  /** Path of the file, made with its folder when absent; `:memory:` for a database that ends with the process. */
  readonly file: string;
  /** How long a writer waits for another process's lock. Default 60,000. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens a SQLite database; `destroy()` closes it.
 *
 * @throws {DatabaseUnusableError} when the file cannot be opened or is no database
 */
export function openSqliteDatabase({ file, busyTimeoutMs = 60_000 }: SqliteDatabaseOptions): Database {
  const connection = openConnection(file, busyTimeoutMs);
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new QueueingSqliteAdapter(),
      createDriver: () => sqliteDriver(connection),
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
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    const connection = new DatabaseSync(file, { timeout: busyTimeoutMs });
    connection.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
    return connection;
  } catch (cause) {
    throw new DatabaseUnusableError(file, cause);
  }
}

/** One connection, used by one transaction or statement at a time. */
function sqliteDriver(raw: DatabaseSync): Driver {
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
      const connection = sqliteConnection(raw, prepare);
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
      await connection.executeQuery(CompiledQuery.raw("rollback"));
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

function sqliteConnection(raw: DatabaseSync, prepare: Prepare): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { statement, givesRows } = prepare(sql);
      const values = parameters as SQLInputValue[]; // stores bind text, numbers, bytes and null only
      if (givesRows) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    },
    async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      for (const row of raw.prepare(sql).iterate(...(parameters as SQLInputValue[]))) yield { rows: [row as R] };
    },
  };
}
