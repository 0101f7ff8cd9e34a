/** Door of the database room: one SQL connection that the stores are built on. */

export { openPostgresDatabase, type PgLibrary, type PostgresDatabaseOptions } from "./drivers/postgres.ts";
export { openSqliteDatabase, type SqliteDatabaseOptions } from "./drivers/sqlite.ts";
export { DatabaseTooNewError, DatabaseUnreachableError } from "./errors.ts";
export { migrateDatabase } from "./migrate.ts";
export { openPostgresSession, type PostgresSession } from "./postgres-session.ts";
