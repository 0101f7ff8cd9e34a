/** What every database must do for the stores on it, whichever driver opens it. */

import { type Kysely, sql } from "kysely";
import { expect, it } from "vitest";
import { type Database, type Migration, takeWriteLock } from "../../contracts/database.ts";
import { migrateDatabase } from "./migrate.ts";

type Tables = {
  note: { id: string; size: number | null; share: number | null; bytes: Uint8Array | null; text: string | null };
};
type Note = Tables["note"];

const createNote: Migration = {
  id: "note-001",
  up: async (database) => {
    await sql`create table note (
      id text primary key, size bigint, share double precision, bytes blob, text text)`.execute(database);
  },
};
const note = (id: string, changes: Partial<Note> = {}): Note => ({
  id,
  size: null,
  share: null,
  bytes: null,
  text: null,
  ...changes,
});

/** Opens another connection to the same database. */
type Open = () => Promise<Database>;

/** States the law; `newDatabase` makes an empty database. */
export function statesDatabaseLaw(newDatabase: () => Promise<Open>): void {
  const openNotes = async (): Promise<{ notes: Kysely<Tables>; open: Open }> => {
    const open = await newDatabase();
    const database = await open();
    await migrateDatabase(database, [createNote]);
    return { notes: database.withTables<Tables>(), open };
  };

  it("applies each migration once, when many connections start at the same moment and again later", async () => {
    const open = await newDatabase();
    const databases = await Promise.all(Array.from({ length: 5 }, open));
    await Promise.all(databases.map((database) => migrateDatabase(database, [createNote])));
    const more: Migration = {
      id: "note-002",
      up: async (database) => {
        await sql`alter table note add column kind text not null default 'a'`.execute(database);
      },
    };
    await migrateDatabase(await open(), [createNote, more]);
    await migrateDatabase(await open(), [createNote, more]);
    const { rows } = await sql<{ id: string }>`select id from migration order by id`.execute(await open());
    expect(rows).toEqual([{ id: "note-001" }, { id: "note-002" }]);
  });

  it("applies all of what is missing or nothing", async () => {
    const database = await (await newDatabase())();
    const failing: Migration = { id: "note-002", up: () => Promise.reject(new RangeError("stop")) };
    await expect(migrateDatabase(database, [createNote, failing])).rejects.toThrow("stop");
    await migrateDatabase(database, [createNote]);
    expect(await database.withTables<Tables>().selectFrom("note").selectAll().execute()).toEqual([]);
  });

  it("refuses a database that a newer release has written, and leaves it as it is", async () => {
    const open = await newDatabase();
    await migrateDatabase(await open(), [createNote, { id: "note-002", up: async () => undefined }]);
    await expect(migrateDatabase(await open(), [createNote])).rejects.toMatchObject({
      code: "database-too-new",
      unknown: ["note-002"],
    });
  });

  it("gives numbers, bytes, texts and nulls back as they were, also what it counts and sums", async () => {
    const { notes } = await openNotes();
    const rows = [
      note("a", { size: Number.MAX_SAFE_INTEGER, share: 0.1, bytes: Uint8Array.of(0, 92, 255), text: "a'\\\n—😀" }),
      note("b", { size: -1, share: 5e-324, bytes: new Uint8Array(), text: "" }),
      note("c"),
      note("d", { size: 1_700_000_000_000, share: 2, bytes: new Uint8Array(70_000).fill(7), text: '{"a":[1,null]}' }),
    ];
    await notes.insertInto("note").values(rows).execute();
    expect(await notes.selectFrom("note").selectAll().orderBy("id").execute()).toEqual(rows);
    const sums = await notes
      .selectFrom("note")
      .select((e) => [e.fn.countAll().as("count"), e.fn.sum("size").as("sum"), e.fn.max("size").as("max")])
      .where("size", "<", 2_000_000_000_000)
      .executeTakeFirstOrThrow();
    expect(sums).toEqual({ count: 2, sum: 1_699_999_999_999, max: 1_700_000_000_000 });
  });

  it("writes a text with U+0000, which some databases have no place for", async () => {
    const { notes } = await openNotes();
    await notes
      .insertInto("note")
      .values(note("a", { text: "x\0y" }))
      .execute();
    const row = await notes.selectFrom("note").select("text").executeTakeFirstOrThrow();
    expect(["x\0y", "x\uFFFDy"]).toContain(row.text);
  });

  it("orders and compares texts by code point", async () => {
    const { notes } = await openNotes();
    const ids = ["Z", "_", "a", "a-b", "a/b", "aB", "ab", "z", "é", "中"];
    for (const id of ids.toReversed())
      await notes
        .insertInto("note")
        .values(note(id, { text: id }))
        .execute();
    for (const column of ["id", "text"] as const) {
      const rows = await notes.selectFrom("note").select(column).orderBy(column).execute();
      expect(rows.map((row) => row[column])).toEqual(ids);
    }
    const between = await notes.selectFrom("note").select("id").where("id", ">=", "a").where("id", "<", "b").execute();
    expect(between.map(({ id }) => id).toSorted()).toEqual(["a", "a-b", "a/b", "aB", "ab"]);
  });

  it("says how many rows it changed, and returns those that are asked for", async () => {
    const { notes } = await openNotes();
    const insert = notes.insertInto("note").values([note("a", { size: 1 }), note("b", { size: 1 })]);
    expect(await insert.returning("id").execute()).toEqual([{ id: "a" }, { id: "b" }]);
    expect((await insert.onConflict((c) => c.doNothing()).executeTakeFirst()).numInsertedOrUpdatedRows).toBe(0n);
    const counted = insert.onConflict((c) => c.column("id").doUpdateSet((e) => ({ size: e("note.size", "+", 1) })));
    expect(await counted.returning("size").execute()).toEqual([{ size: 2 }, { size: 2 }]);
    expect((await notes.updateTable("note").set({ size: 5 }).executeTakeFirst()).numUpdatedRows).toBe(2n);
    expect((await notes.deleteFrom("note").where("id", "=", "a").executeTakeFirst()).numDeletedRows).toBe(1n);
  });

  it("rolls a failed transaction back, and goes on", async () => {
    const { notes } = await openNotes();
    const failing = notes.transaction().execute(async (transaction) => {
      await transaction.insertInto("note").values(note("a")).execute();
      await transaction.insertInto("note").values(note("a")).execute();
    });
    await expect(failing).rejects.toThrow(/unique/i);
    await notes.insertInto("note").values(note("b")).execute();
    expect(await notes.selectFrom("note").select("id").execute()).toEqual([{ id: "b" }]);
  });

  it("lets writers on many connections take the next number one after the other", async () => {
    const { open } = await openNotes();
    const writers = await Promise.all(Array.from({ length: 4 }, open));
    const takeNumber = (database: Database): Promise<void> =>
      database
        .withTables<Tables>()
        .transaction()
        .execute(async (transaction) => {
          await takeWriteLock(transaction, "notes");
          const last = await transaction
            .selectFrom("note")
            .select((e) => e.fn.max("size").as("size"))
            .executeTakeFirst();
          const size = (last?.size ?? 0) + 1;
          await transaction
            .insertInto("note")
            .values(note(`n${size}`, { size }))
            .execute();
        });
    await Promise.all(writers.flatMap((database) => Array.from({ length: 10 }, () => takeNumber(database))));
    const database = (await open()).withTables<Tables>();
    const sizes = (await database.selectFrom("note").select("size").orderBy("size").execute()).map(({ size }) => size);
    expect(sizes).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it("lets a writer wait while another connection of this process is in the middle of a transaction", async () => {
    const { notes, open } = await openNotes();
    const other = (await open()).withTables<Tables>();
    let inside = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      inside = resolve;
    });
    const slow = notes.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("note")
        .values(note("a", { size: 1 }))
        .execute();
      inside();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await transaction.updateTable("note").set({ size: 2 }).execute();
    });
    await started;
    const beforeMs = performance.now();
    await other
      .insertInto("note")
      .values(note("a", { size: 9 }))
      .onConflict((c) => c.column("id").doUpdateSet((e) => ({ size: e("note.size", "*", 10) })))
      .execute();
    expect(performance.now() - beforeMs).toBeLessThan(5_000);
    await slow;
    expect(await other.selectFrom("note").select("size").execute()).toEqual([{ size: 20 }]);
  });
}
