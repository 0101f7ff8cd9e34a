/** Door of the database room: one SQL connection that the stores are built on. */

export { compactDatabase } from "./compact.ts";
export { openPostgresDatabase, type PgLibrary, type PostgresDatabaseOptions } from "./drivers/postgres.ts";
export { openSqliteDatabase, type SqliteDatabaseOptions } from "./drivers/sqlite.ts";
export {
  DatabaseConflictError,
  DatabaseConnectionLostError,
  type DatabaseProblem,
  DatabaseTooNewError,
  DatabaseUnreachableError,
  DatabaseUnusableError,
  DatabaseUrlError,
} from "./errors.ts";
export { migrateDatabase } from "./migrate.ts";
export { openPostgresSession, type PostgresSession, type PostgresSessionOptions } from "./postgres-session.ts";
