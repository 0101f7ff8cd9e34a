import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Migration } from "../../contracts/database.ts";
import { openSqliteDatabase } from "./drivers/sqlite.ts";
import { migrateDatabase } from "./migrate.ts";

type Tables = {
  note: { id: number; text: string };
};

const createNote: Migration = {
  id: "note-001",
  async up(database) {
    await database.schema.createTable("note").addColumn("id", "integer").addColumn("text", "text").execute();
  },
};

const temporaryFile = (): string => join(mkdtempSync(join(tmpdir(), "trilith-")), "db.sqlite");

describe("the SQLite database", () => {
  it("applies each migration once, also when the file is opened again", async () => {
    const file = temporaryFile();
    for (let i = 0; i < 2; i++) {
      const database = openSqliteDatabase({ file });
      await migrateDatabase(database, [createNote]);
      await database.withTables<Tables>().insertInto("note").values({ id: i, text: "x" }).execute();
      await database.destroy();
    }
    const database = openSqliteDatabase({ file }).withTables<Tables>();
    expect(await database.selectFrom("note").select("id").execute()).toEqual([{ id: 0 }, { id: 1 }]);
  });

  it("refuses a database that a newer release has written", async () => {
    const database = openSqliteDatabase({ file: ":memory:" });
    await migrateDatabase(database, [createNote, { id: "note-002", up: async () => undefined }]);
    await expect(migrateDatabase(database, [createNote])).rejects.toMatchObject({
      code: "database-too-new",
      unknown: ["note-002"],
    });
  });

  it("rolls a failed transaction back and goes on", async () => {
    const database = openSqliteDatabase({ file: ":memory:" });
    await migrateDatabase(database, [createNote]);
    const notes = database.withTables<Tables>();
    const failing = notes.transaction().execute(async (transaction) => {
      await transaction.insertInto("note").values({ id: 1, text: "lost" }).execute();
      throw new RangeError("stop");
    });
    await expect(failing).rejects.toThrow("stop");
    expect(await notes.selectFrom("note").selectAll().execute()).toEqual([]);
  });

  it("writes ahead and synchronises fully", async () => {
    const database = openSqliteDatabase({ file: temporaryFile() });
    const { rows: journal } = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(database);
    const { rows: synchronous } = await sql<{ synchronous: number }>`pragma synchronous`.execute(database);
    expect([journal[0]?.journal_mode, synchronous[0]?.synchronous]).toEqual(["wal", 2]);
  });

  it("says which file is no database", () => {
    const file = temporaryFile();
    writeFileSync(file, "not a database, but long enough to be read as one ".repeat(20));
    expect(() => openSqliteDatabase({ file })).toThrow(/db\.sqlite is damaged, or no database/);
  });
});
