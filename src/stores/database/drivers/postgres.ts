/**
 * PostgreSQL through `pg`: the same queries as SQLite's, for processes on many machines. Numbers that fit are numbers,
 * bytes are bytes, and `blob` is a name for `bytea`, so that one text of a migration serves both databases.
 */

import { Kysely, PostgresDialect, sql } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { Database } from "../../../contracts/database.ts";
import { importLibrary } from "../../../core/optional-library.ts";
import { DatabaseUnreachableError } from "../errors.ts";

/** What `pg` exports, as far as it is used here. */
export type PgLibrary = Pick<typeof import("pg"), "Pool" | "Client" | "types">;

/** Where the database is. */
export interface PostgresDatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Connections at once. Default 8. */
  readonly poolSize?: number;
  /** Default: the installed `pg`. */
  readonly lib?: PgLibrary;
}

/** The installed `pg`. @throws {LibraryMissingError} */
export async function importPg(): Promise<PgLibrary> {
  return (await importLibrary("pg", "PostgreSQL", () => import("pg"))).default;
}

const INT8 = 20;

/** `pg`'s parsers, but for bigints that are safe integers: those are numbers, as in SQLite. */
export function parsersOf({ types }: PgLibrary): { getTypeParser: typeof types.getTypeParser } {
  const getTypeParser = ((oid: number, format?: "text" | "binary") => {
    if (oid === INT8) return (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
    return types.getTypeParser(oid, format as "text");
  }) as typeof types.getTypeParser; // the same overloads, with one answer changed
  return { getTypeParser };
}

/**
 * Opens the database; `destroy()` closes its connections.
 *
 * @throws {DatabaseUnreachableError} when there is no such server, database or user
 * @throws {LibraryMissingError} when `pg` is not installed
 */
export async function openPostgresDatabase(options: PostgresDatabaseOptions): Promise<Database> {
  const { url, poolSize = 8, lib = await importPg() } = options;
  const pool = new lib.Pool({
    connectionString: url,
    max: poolSize,
    types: parsersOf(lib),
    application_name: "trilith",
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that the server ends is replaced by the pool; without a listener the process would end.
  pool.on("error", () => undefined);
  const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: wrapConnecting(pool, url) }) });
  await sql`
    do $$ begin create domain blob as bytea; exception when duplicate_object or unique_violation then null; end $$
  `.execute(database);
  return database;
}

/** The pool with its connection errors told in our words. */
function wrapConnecting(
  pool: Pool,
  url: string,
): { connect(): Promise<PoolClient>; end(): Promise<void>; options: Pool["options"] } {
  return {
    options: pool.options,
    async connect() {
      try {
        return await pool.connect();
      } catch (cause) {
        throw new DatabaseUnreachableError(url, cause);
      }
    },
    end: () => pool.end(),
  };
}
