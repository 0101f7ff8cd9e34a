/**
 * PostgreSQL through `pg`: the same queries as SQLite's, for processes on many machines. What SQLite promises is made
 * true here: numbers and bytes come back as such, texts are ordered by code point, and a type is called `blob`.
 */

import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  type PostgresPool,
  type PostgresPoolClient,
  PostgresQueryCompiler,
  sql,
} from "kysely";
import type { Pool, PoolClient } from "pg";
import type { Database } from "../../../contracts/database.ts";
import { importLibrary } from "../../../core/optional-library.ts";
import { DatabaseUrlError } from "../errors.ts";
import { nameOfDatabase, toStatementError, toUnreachable } from "./postgres-errors.ts";

/** What `pg` exports, as far as it is used here. */
export type PgLibrary = Pick<typeof import("pg"), "Pool" | "Client" | "types">;

/** Where the database is. */
export interface PostgresDatabaseOptions {
  /** `postgres://user:password@host:port/database`. The tables are in its schema `trilith`. */
  readonly url: string;
  /** Connections at once. Default 8. */
  readonly poolSize?: number;
  /** Default: the installed `pg`. */
  readonly lib?: PgLibrary;
}

const SCHEMA = "trilith";
const CONNECT_TIMEOUT_MS = 10_000;

/** So that the server soon notices a machine that is gone, and lets others have what it had locked. */
export const NOTICE_LOSS =
  "set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3";
/** A process that is stopped within a transaction would hold up every other writer. */
const END_STALLED_TRANSACTIONS = "set idle_in_transaction_session_timeout = '60s'";

/** How every connection of ours is made. */
export const CONNECTING = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/** The installed `pg`. @throws {LibraryMissingError} */
export async function importPg(): Promise<PgLibrary> {
  return (await importLibrary("pg", "PostgreSQL", () => import("pg"))).default;
}

/** The URL's user, host and database, for messages. @throws {DatabaseUrlError} */
export function assertPostgresUrl(url: string): string {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) throw new DatabaseUrlError();
  return nameOfDatabase(url);
}

/**
 * Opens the database; `destroy()` closes its connections. Integers beyond 2^53 are read as bigints, and U+0000, which
 * PostgreSQL has no place for, is written as U+FFFD.
 *
 * @throws {DatabaseUrlError} when the URL is none
 * @throws {DatabaseUnreachableError} when there is no such server, database or user
 * @throws {LibraryMissingError} when `pg` is not installed
 */
export async function openPostgresDatabase(options: PostgresDatabaseOptions): Promise<Database> {
  const { url, poolSize = 8 } = options;
  const name = assertPostgresUrl(url);
  const lib = options.lib ?? (await importPg());
  const pool = openPool(lib, url, poolSize);
  const database = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new StoreAdapter(),
      createDriver: () =>
        new PostgresDriver({ pool: withOurErrors(pool, name), onCreateConnection: prepareConnection }),
      createIntrospector: (inner) => new PostgresIntrospector(inner),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  try {
    await sql`select 1`.execute(database);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

function openPool(lib: PgLibrary, url: string, poolSize: number): Pool {
  /** Only connecting has a limit of time: waiting until one of the pool's connections is free has none. */
  class Client extends lib.Client {
    constructor(config: object) {
      super({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    }
  }
  const settings = { max: poolSize, application_name: "trilith", types: parsersOf(lib), ...CONNECTING };
  const withClient: object = { connectionString: url, ...settings, Client }; // the types of `pg` leave `Client` out
  const pool = new lib.Pool(withClient);
  // A connection that ends while nobody asks it anything is told by the next statement; without listeners the process would end.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

async function prepareConnection(connection: DatabaseConnection): Promise<void> {
  const settings = `set search_path to ${SCHEMA}; ${NOTICE_LOSS}; ${END_STALLED_TRANSACTIONS}`;
  await connection.executeQuery(CompiledQuery.raw(settings));
}

/** What must be around migrations, within their transaction. */
class StoreAdapter extends PostgresAdapter {
  /** One process after the other, in a schema of our own that has the type `blob`. */
  override async acquireMigrationLock(transaction: Kysely<unknown>): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended('trilith migrations', 0))`.execute(transaction);
    await sql`create schema if not exists ${sql.id(SCHEMA)}`.execute(transaction);
    await sql`do $$ begin
      if to_regtype('blob') is null then create domain blob as bytea; end if;
    end $$`.execute(transaction);
  }

  /** Compares and orders the texts of our tables by code point, whatever the database's own collation is. */
  override async releaseMigrationLock(transaction: Kysely<unknown>): Promise<void> {
    await sql`do $$ declare ours record; begin
      for ours in
        select table_name, string_agg(format('alter column %I type text collate "C"', column_name), ', ') as changes
        from information_schema.columns
        where table_schema = current_schema() and data_type = 'text' and collation_name is distinct from 'C'
        group by table_name
      loop execute format('alter table %I %s', ours.table_name, ours.changes); end loop;
    end $$`.execute(transaction);
  }
}

const BYTEA = 17;
const INT8 = 20;
const NUMERIC = 1700;

const PARSERS = new Map<number, (text: string) => unknown>([
  [BYTEA, (text) => new Uint8Array(Buffer.from(text.slice(2), "hex"))], // after `\x`
  [INT8, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))],
  [NUMERIC, Number], // sums and averages
]);

/** `pg`'s parsers, but for bytes and the large numbers: these are as SQLite gives them. */
export function parsersOf({ types }: PgLibrary): { getTypeParser: typeof types.getTypeParser } {
  const getTypeParser = ((oid: number, format?: "text" | "binary") =>
    PARSERS.get(oid) ?? types.getTypeParser(oid, format as "text")) as typeof types.getTypeParser; // the same overloads, with some answers changed
  return { getTypeParser };
}

/** The pool as Kysely uses it, with our errors. One connection is always the same object: Kysely knows it by that. */
function withOurErrors(pool: Pool, name: string): PostgresPool {
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((cause: unknown) => Promise.reject(toUnreachable(name, cause)));
      const known = wrapped.get(client) ?? wrapClient(client, name);
      wrapped.set(client, known);
      return known;
    },
  };
}

function wrapClient(client: PoolClient, name: string): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(text, parameters.map(toParameter));
    } catch (error) {
      throw toStatementError(name, error);
    }
  };
  // Kysely would also hand in cursors, which need a library of their own.
  return { release: (destroy) => client.release(destroy), query: query as PostgresPoolClient["query"] };
}

const toParameter = (value: unknown): unknown =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
