/** The SQL connection that stores are handed, and how a store states its tables. */

import { type Kysely, sql, type Transaction } from "kysely";

/** A connection without tables of its own; a store narrows it with `database.withTables<ItsTables>()`. */
export type Database = Kysely<unknown>;

/** One step forward of a store's schema. Steps are never edited once released, only added. */
export interface Migration {
  /** `<store>-<three digits>`, for example `warehouse-001`; order within a store is the order of the list. */
  readonly id: string;
  up(database: Database): Promise<void>;
}

/**
 * Lets one transaction of that name after the other on: the others wait here until this one has ended. On SQLite
 * transactions do so anyway; on PostgreSQL a store that reads its latest version and writes the next needs it.
 */
export async function takeWriteLock<T>(transaction: Transaction<T>, name: string): Promise<void> {
  await sql`insert into write_lock (name) values (${name})
    on conflict (name) do update set name = excluded.name`.execute(transaction);
}
