/** Brings a database forward, in one transaction, under a lock that two processes can race for. */

import type { Kysely } from "kysely";
import type { Database, Migration } from "../../contracts/database.ts";
import { DatabaseTooNewError } from "./errors.ts";

type MigrationTable = {
  migration: { id: string };
};

/** What Kysely's adapters want to be told of a lock, which those of SQLite and PostgreSQL do not need. */
const LOCK = { lockTable: "migration", lockRowId: "migration_lock" };

/**
 * Applies what is missing, in the order given: all of it, or nothing.
 *
 * @throws {DatabaseTooNewError} when the database has a migration that is not in the list
 */
export async function migrateDatabase(database: Database, migrations: readonly Migration[]): Promise<void> {
  await database
    .withTables<MigrationTable>()
    .transaction()
    .execute(async (transaction) => {
      const { adapter } = transaction.getExecutor();
      await adapter.acquireMigrationLock(transaction, LOCK);
      await createOwnTables(transaction);
      const applied = new Set((await transaction.selectFrom("migration").select("id").execute()).map(({ id }) => id));
      const known = new Set(migrations.map(({ id }) => id));
      const unknown = [...applied].filter((id) => !known.has(id));
      if (unknown.length > 0) throw new DatabaseTooNewError(unknown);
      for (const migration of migrations.filter(({ id }) => !applied.has(id))) {
        await migration.up(transaction as unknown as Database); // a transaction is a connection; its tables do not matter to a migration
        await transaction.insertInto("migration").values({ id: migration.id }).execute();
      }
      await adapter.releaseMigrationLock(transaction, LOCK);
    });
}

/** What has been applied, and the rows that `takeWriteLock` locks. */
async function createOwnTables(database: Kysely<MigrationTable>): Promise<void> {
  for (const [table, column] of [
    ["migration", "id"],
    ["write_lock", "name"],
  ] as const) {
    await database.schema
      .createTable(table)
      .ifNotExists()
      .addColumn(column, "text", (c) => c.primaryKey())
      .execute();
  }
}
