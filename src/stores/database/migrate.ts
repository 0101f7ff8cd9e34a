/** Brings a database forward, one transaction a migration, under a lock that two processes can race for. */

import type { Database, Migration } from "../../contracts/database.ts";
import { DatabaseTooNewError } from "./errors.ts";

type MigrationTable = {
  migration: { id: string };
};

/**
 * Applies what is missing, in the order given.
 *
 * @throws {DatabaseTooNewError} when the database has a migration that is not in the list
 */
export async function migrateDatabase(database: Database, migrations: readonly Migration[]): Promise<void> {
  const tables = database.withTables<MigrationTable>();
  await tables.schema
    .createTable("migration")
    .ifNotExists()
    .addColumn("id", "text", (c) => c.primaryKey())
    .execute();
  await tables.transaction().execute(async (transaction) => {
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
