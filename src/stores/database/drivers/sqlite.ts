/**
 * SQLite through `node:sqlite`: write-ahead log, full synchronisation, and transactions that take
 * the write lock when they begin, so that two processes wait for each other instead of failing.
 */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
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
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => sqliteDriver(connection),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
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
      const connection = sqliteConnection(raw);
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

function sqliteConnection(raw: DatabaseSync): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const statement = raw.prepare(sql);
      const values = parameters as SQLInputValue[]; // stores bind text, numbers, bytes and null only
      if (statement.columns().length > 0) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    },
    async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      for (const row of raw.prepare(sql).iterate(...(parameters as SQLInputValue[]))) yield { rows: [row as R] };
    },
  };
}
