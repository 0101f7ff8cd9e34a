/** States a law of stores on every database that they run on. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import type { Database } from "../src/contracts/database.ts";
import { openPostgresDatabase, openSqliteDatabase } from "../src/stores/database/index.ts";
import { findPostgres, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";

/** Opens another connection to one and the same database; it is closed when the test ends. */
export type OpenDatabase = () => Promise<Database>;

/** `newDatabase` makes an empty database for the test that calls it. */
export function describeOnDatabases(
  title: string,
  law: (newDatabase: () => Promise<OpenDatabase>, name: "SQLite" | "PostgreSQL") => void,
): void {
  describe(`${title} on SQLite`, () => law(newSqliteDatabase, "SQLite"));
  describe.skipIf(findPostgres() === undefined)(`${title} on PostgreSQL (skipped without: ${WITHOUT_POSTGRES})`, () =>
    law(newPostgresDatabase, "PostgreSQL"),
  );
}

async function newSqliteDatabase(): Promise<OpenDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "trilith-sqlite-"));
  const opened: Database[] = [];
  onTestFinished(async () => {
    await Promise.all(opened.map((database) => database.destroy()));
    rmSync(folder, { recursive: true });
  });
  return async () => {
    const database = openSqliteDatabase({ file: join(folder, "trilith.db") });
    opened.push(database);
    return database;
  };
}

async function newPostgresDatabase(): Promise<OpenDatabase> {
  const url = await (await startPostgres()).newDatabase();
  return async () => {
    const database = await openPostgresDatabase({ url, poolSize: 3 });
    onTestFinished(() => database.destroy());
    return database;
  };
}
