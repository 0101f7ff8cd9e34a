/** The SQL connection that stores are handed, and how a store states its tables. */

import type { Kysely } from "kysely";

/** A connection without tables of its own; a store narrows it with `database.withTables<ItsTables>()`. */
export type Database = Kysely<unknown>;

/** One step forward of a store's schema. Steps are never edited once released, only added. */
export interface Migration {
  /** `<store>-<three digits>`, for example `warehouse-001`; order within a store is the order of the list. */
  readonly id: string;
  up(database: Database): Promise<void>;
}
