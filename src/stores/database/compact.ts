/** Rewriting a database so that nothing of what was deleted is left in its files. */

import { SqliteAdapter, sql } from "kysely";
import type { Database } from "../../contracts/database.ts";

/**
 * Takes as long as copying the database does, and keeps writers waiting meanwhile. On PostgreSQL the tables of this
 * connection's schema are rewritten; its write-ahead log and its backups are the server's own.
 */
export async function compactDatabase(database: Database): Promise<void> {
  if (database.getExecutor().adapter instanceof SqliteAdapter) {
    await sql`vacuum`.execute(database);
    await sql`pragma wal_checkpoint(truncate)`.execute(database);
    return;
  }
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(database);
  for (const { name } of rows) await sql`vacuum full ${sql.table(name)}`.execute(database);
}
