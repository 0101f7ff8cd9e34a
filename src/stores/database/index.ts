/** Door of the database room: one SQL connection that the stores are built on. */

export { openSqliteDatabase, type SqliteDatabaseOptions } from "./drivers/sqlite.ts";
export { DatabaseTooNewError } from "./errors.ts";
export { migrateDatabase } from "./migrate.ts";
