import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  findPostgres,
  type PostgresServer,
  query,
  startPostgres,
  WITHOUT_POSTGRES,
} from "../../../test/postgres-server.ts";
import { openPostgresDatabase } from "./drivers/postgres.ts";
import { migrateDatabase } from "./migrate.ts";
import { openPostgresSession } from "./postgres-session.ts";

type Tables = { note: { id: number; size: number; bytes: Uint8Array | null } };
const createNote = {
  id: "note-001",
  async up(database: Kysely<unknown>): Promise<void> {
    await sql`create table note (id bigint primary key, size double precision not null, bytes blob)`.execute(database);
  },
};

describe.skipIf(findPostgres() === undefined)(`PostgreSQL (skipped without: ${WITHOUT_POSTGRES})`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("gives numbers, bytes and nulls back as SQLite does", async () => {
    const database = await openPostgresDatabase({ url: await server.newDatabase() });
    await migrateDatabase(database, [createNote]);
    const notes = database.withTables<Tables>();
    const rows = [
      { id: 9_007_199_254_740_991, size: 0.1, bytes: Uint8Array.of(0, 255) },
      { id: 1, size: 2, bytes: null },
    ];
    await notes.insertInto("note").values(rows).execute();
    const read = await notes.selectFrom("note").selectAll().orderBy("id", "desc").execute();
    expect(read).toEqual(rows);
    const { count } = await notes
      .selectFrom("note")
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    expect(count).toBe(2);
    await database.destroy();
  });

  it("is brought forward once by many processes at the same moment", async () => {
    const url = await server.newDatabase();
    const databases = await Promise.all(Array.from({ length: 6 }, () => openPostgresDatabase({ url })));
    await Promise.all(databases.map((database) => migrateDatabase(database, [createNote])));
    await expect(migrateDatabase(databases[0] ?? raise(), [])).rejects.toMatchObject({ code: "database-too-new" });
    await Promise.all(databases.map((database) => database.destroy()));
  });

  it("says which server, user and database cannot be reached, without the password", async () => {
    const url = await server.newDatabase();
    const refused = [
      ["postgres://me:secret@127.0.0.1:1/db", /me@127\.0\.0\.1:1\/db cannot be reached .*ECONNREFUSED/],
      [url.replace(/test_\w+$/, "absent"), /absent cannot be reached \(database "absent" does not exist\)/],
      [url.replace("trilith@", "nobody:secret@"), /nobody@.* cannot be reached \(role "nobody" does not exist\)/],
    ] as const;
    for (const [wrong, message] of refused) {
      const error = await openPostgresDatabase({ url: wrong }).catch((each: unknown) => each);
      expect(error).toMatchObject({ code: "database-unreachable", message: expect.stringMatching(message) });
      expect(String(error)).not.toContain("secret");
    }
  });

  it("knows which sessions live, until their processes are killed, and takes up its own when it was cut off", async () => {
    const url = await server.newDatabase();
    const session = await openPostgresSession({ url });
    const { child, key } = await startSession(url);
    expect(await session.isAlive([key, session.key, "12345"])).toEqual(new Set([key, session.key]));
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect.poll(() => session.isAlive([key])).toEqual(new Set());
    const cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trilith session'";
    await query(url, cut);
    await expect.poll(() => session.isAlive([session.key]).catch(() => "cut off")).toEqual(new Set([session.key]));
    await session.close();
  });

  it("lets one session at a time hold a lock, until it closes", async () => {
    const url = await server.newDatabase();
    const [one, two] = await Promise.all([openPostgresSession({ url }), openPostgresSession({ url })]);
    expect([await one.tryLock("leader"), await one.tryLock("leader"), await two.tryLock("leader")]).toEqual([
      true,
      true,
      false,
    ]);
    await one.close();
    expect(await two.tryLock("leader")).toBe(true);
    const order: string[] = [];
    const three = await openPostgresSession({ url });
    const first = two.withLock("work", async () => {
      order.push("begin");
      await new Promise((resolve) => setTimeout(resolve, 150));
      order.push("end");
    });
    await Promise.all([first, three.withLock("work", async () => void order.push("next"))]);
    expect(order).toEqual(["begin", "end", "next"]);
    await Promise.all([two.close(), three.close()]);
  });
});

function raise(): never {
  throw new RangeError("absent");
}

/** Another process with a session. */
async function startSession(url: string): Promise<{ child: ChildProcess; key: string }> {
  const module = JSON.stringify(join(import.meta.dirname, "postgres-session.ts"));
  const program = `import { openPostgresSession } from ${module};
    const { key } = await openPostgresSession({ url: ${JSON.stringify(url)} }); console.log(key); setInterval(() => 0, 1000);`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", program]);
  const [text] = await once(child.stdout, "data");
  return { child, key: String(text).trim() };
}
