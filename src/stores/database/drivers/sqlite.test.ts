import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { openSqliteDatabase, type SqliteDatabaseOptions } from "./sqlite.ts";

type Tables = { note: { id: number; text: string } };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openNotes(file: string, options: Partial<SqliteDatabaseOptions> = {}): Promise<Kysely<Tables>> {
  const database = openSqliteDatabase({ file, ...options });
  onTestFinished(() => database.destroy());
  await sql`create table if not exists note (id integer primary key, text text not null)`.execute(database);
  return database.withTables<Tables>();
}

const insert = (notes: Kysely<Tables>, id: number, text = "x"): Promise<unknown> =>
  notes.insertInto("note").values({ id, text }).execute();
const idsOf = async (notes: Kysely<Tables>): Promise<number[]> =>
  (await notes.selectFrom("note").select("id").orderBy("id").execute()).map(({ id }) => id);

/** Writes rows of 16 KiB, three a transaction, until the database refuses, and gives the last one committed. */
async function fill(notes: Kysely<Tables>): Promise<{ committed: number; error: unknown }> {
  for (let committed = 0; ; committed += 3) {
    try {
      await notes.transaction().execute(async (transaction) => {
        for (const i of [1, 2, 3])
          await transaction
            .insertInto("note")
            .values({ id: committed + i, text: "x".repeat(16_384) })
            .execute();
      });
    } catch (error) {
      return { committed, error };
    }
  }
}

/** Whether this user may mount a small disk. */
function mountsDisks(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "trilith-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "trilith", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the SQLite driver", () => {
  it("writes ahead and synchronises fully", async () => {
    const notes = await openNotes(join(temporaryFolder(), "a/b/trilith.db"));
    const { rows: journal } = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(notes);
    const { rows: synchronous } = await sql<{ synchronous: number }>`pragma synchronous`.execute(notes);
    expect([journal[0]?.journal_mode, synchronous[0]?.synchronous]).toEqual(["wal", 2]);
  });

  it("goes on after a change of the schema, with statements that it has prepared before", async () => {
    const notes = await openNotes(join(temporaryFolder(), "trilith.db"));
    await insert(notes, 1);
    const all = notes.selectFrom("note").selectAll();
    expect(await all.execute()).toEqual([{ id: 1, text: "x" }]);
    await sql`alter table note add column kind text default 'k'`.execute(notes);
    expect(await all.execute()).toEqual([{ id: 1, text: "x", kind: "k" }]);
  });

  it("runs more different statements than it keeps prepared", async () => {
    const notes = await openNotes(":memory:");
    for (let i = 0; i < 1_200; i++) {
      const { rows } = await sql<{ n: number }>`select ${sql.lit(i)} as n`.execute(notes);
      expect(rows).toEqual([{ n: i }]);
    }
  });

  it("waits as long as it was told for another writer, and says then that the database is held", async () => {
    const file = join(temporaryFolder(), "trilith.db");
    const [one, two] = [await openNotes(file), await openNotes(file, { busyTimeoutMs: 150 })];
    await one.transaction().execute(async (transaction) => {
      await transaction.insertInto("note").values({ id: 1, text: "x" }).execute();
      const beforeMs = performance.now();
      const refused = expect.objectContaining({ code: "database-unusable", problem: "busy", retryable: true });
      await expect(insert(two, 2)).rejects.toEqual(refused);
      await expect(two.transaction().execute((inner) => insert(inner, 2))).rejects.toEqual(refused);
      expect(performance.now() - beforeMs).toBeGreaterThan(290);
      expect(await idsOf(two)).toEqual([]);
    });
    await insert(two, 2);
    expect(await idsOf(one)).toEqual([1, 2]);
  });

  it("says that there is no room left, keeps what was committed, and goes on when there is room again", async () => {
    const file = join(temporaryFolder(), "trilith.db");
    const notes = await openNotes(file);
    await sql`pragma max_page_count = 100`.execute(notes);
    const { committed, error } = await fill(notes);
    expect(error).toMatchObject({
      code: "database-unusable",
      problem: "full",
      message: expect.stringMatching(/trilith\.db has no room left .*what was committed is safe/),
      cause: expect.objectContaining({ errcode: 13 }),
    });
    const kept = Array.from({ length: committed }, (_, i) => i + 1);
    expect(committed).toBeGreaterThan(0);
    expect(await idsOf(notes)).toEqual(kept);
    await sql`pragma max_page_count = 100000`.execute(notes);
    await insert(notes, 1_000);
    expect(await idsOf(await openNotes(file))).toEqual([...kept, 1_000]);
  });

  it.skipIf(!mountsDisks())("says so of a disk that is full (skipped where no disk can be mounted)", async () => {
    const folder = temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "trilith", folder]);
    onTestFinished(() => void execFileSync("umount", [folder]));
    const database = openSqliteDatabase({ file: join(folder, "trilith.db") });
    await sql`create table note (id integer primary key, text text not null)`.execute(database);
    const { committed, error } = await fill(database.withTables<Tables>());
    expect(error).toMatchObject({ code: "database-unusable", problem: "full" });
    await database.destroy();
    execFileSync("mount", ["-o", "remount,size=8m", folder]);
    const again = openSqliteDatabase({ file: join(folder, "trilith.db") });
    const notes = again.withTables<Tables>();
    expect(await idsOf(notes)).toEqual(Array.from({ length: committed }, (_, i) => i + 1));
    await insert(notes, 1_000);
    await again.destroy();
    execFileSync("mount", ["-o", "remount,ro", folder]);
    expect(() => openSqliteDatabase({ file: join(folder, "trilith.db") })).toThrow(
      /cannot be opened .*this user may write/,
    );
  });

  it("says that it may not write, when opening and later", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "trilith.db");
    const notes = await openNotes(file);
    await insert(notes, 1);
    await sql`pragma query_only = on`.execute(notes);
    const refused = { code: "database-unusable", problem: "read-only", usage: true };
    await expect(insert(notes, 2)).rejects.toMatchObject(refused);
    expect(await idsOf(notes)).toEqual([1]);
    await notes.destroy();
    const [closed, locked] = [join(folder, "closed"), join(folder, "locked.db")];
    mkdirSync(closed);
    copyFileSync(file, locked);
    chmodSync(closed, 0o555);
    chmodSync(locked, 0o444);
    chmodSync(folder, 0o555);
    const places = [join(closed, "trilith.db"), join(closed, "deeper/trilith.db"), locked];
    expect(withoutPrivileges(() => places.map(problemOf))).toEqual(["inaccessible", "read-only", "read-only"]);
    chmodSync(folder, 0o755);
  });

  it("says of a file that it is damaged, or no database", async () => {
    const folder = temporaryFolder();
    const [none, damaged] = [join(folder, "none.db"), join(folder, "damaged.db")];
    writeFileSync(none, "not a database, but long enough to be read as one ".repeat(20));
    expect(problemOf(none)).toBe("damaged");
    const notes = await openNotes(damaged);
    for (let i = 1; i <= 200; i++) await insert(notes, i, "x".repeat(500));
    await notes.destroy();
    expect(existsSync(`${damaged}-wal`)).toBe(false);
    const descriptor = openSync(damaged, "r+");
    writeSync(descriptor, new Uint8Array(statSync(damaged).size - 4_096).fill(0x5a), 0, undefined, 4_096);
    closeSync(descriptor);
    const reopened = openSqliteDatabase({ file: damaged });
    onTestFinished(() => reopened.destroy());
    await expect(idsOf(reopened.withTables<Tables>())).rejects.toMatchObject({ problem: "damaged", retryable: false });
  });

  it("says of a folder that is a file, or a database that is a folder, that it cannot be opened", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(["file/trilith.db", "."].map((path) => problemOf(join(folder, path)))).toEqual([
      "inaccessible",
      "inaccessible",
    ]);
  });

  it("passes on what a statement is refused for", async () => {
    const notes = await openNotes(":memory:");
    await insert(notes, 1);
    await expect(insert(notes, 1)).rejects.toThrow(/^UNIQUE constraint failed/);
  });
});

/** Why the file cannot be opened, or that it can. */
function problemOf(file: string): unknown {
  try {
    void openSqliteDatabase({ file }).destroy();
    return "none";
  } catch (error) {
    return error instanceof Error && "problem" in error ? error.problem : error;
  }
}

/** Runs it as a user whom the modes of files concern; root is concerned by none. */
function withoutPrivileges<T>(body: () => T): T {
  if (process.getuid?.() !== 0) return body();
  const nobody = Number(execFileSync("id", ["-u", "nobody"], { encoding: "utf8" }));
  process.seteuid?.(nobody);
  try {
    return body();
  } finally {
    process.seteuid?.(0);
  }
}
