/** Brings a database forward, in one transaction, under a lock that two processes can race for. */

import type { Kysely } from "kysely";
import type { Database, Migration } from "../../contracts/database.ts";
import { DatabaseTooNewError } from "./errors.ts";

type MigrationTable = {
  migration: { id: string };
};

/** What Kysely's adapters want to know of a lock; the one of PostgreSQL is for the whole database, SQLite needs none. */
const LOCK = { lockTable: "migration", lockRowId: "migration_lock" };

/**
 * Applies what is missing, in the order given.
 *
 * @throws {DatabaseTooNewError} when the database has a migration that is not in the list
 */
export async function migrateDatabase(database: Database, migrations: readonly Migration[]): Promise<void> {
  await database.connection().execute(async (connection) => {
    const { adapter } = connection.getExecutor();
    await adapter.acquireMigrationLock(connection, LOCK);
    try {
      await migrate(connection.withTables<MigrationTable>(), migrations);
    } finally {
      await adapter.releaseMigrationLock(connection, LOCK);
    }
  });
}

function migrate(tables: Kysely<MigrationTable>, migrations: readonly Migration[]): Promise<void> {
  return tables.transaction().execute(async (transaction) => {
    await transaction.schema
      .createTable("migration")
      .ifNotExists()
      .addColumn("id", "text", (c) => c.primaryKey())
      .execute();
    await transaction.schema
      .createTable("write_lock")
      .ifNotExists()
      .addColumn("name", "text", (c) => c.primaryKey())
      .execute();
    const applied = new Set((await transaction.selectFrom("migration").select("id").execute()).map(({ id }) => id));
    const known = new Set(migrations.map(({ id }) => id));
    const unknown = [...applied].filter((id) => !known.has(id));
    if (unknown.length > 0) throw new DatabaseTooNewError(unknown);
    for (const migration of migrations.filter(({ id }) => !applied.has(id))) {
      await migration.up(transaction as unknown as Database); // a transaction is a connection; its tables do not matter to a migration
      await transaction.insertInto("migration").values({ id: migration.id }).execute();
    }
  });
}
