import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type Kysely, sql } from "kysely";
import pg from "pg";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  findPostgres,
  type PostgresServer,
  query,
  startPostgres,
  WITHOUT_POSTGRES,
} from "../../../../test/postgres-server.ts";
import type { Database } from "../../../contracts/database.ts";
import { migrateDatabase } from "../migrate.ts";
import { openPostgresDatabase, type PgLibrary } from "./postgres.ts";

type Tables = { note: { id: number } };
const createNote = {
  id: "note-001",
  async up(database: Kysely<unknown>): Promise<void> {
    await sql`create table note (id bigint primary key)`.execute(database);
  },
};
const missing = (cause: unknown): unknown => cause;

describe.skipIf(findPostgres() === undefined)(`the PostgreSQL driver (skipped without: ${WITHOUT_POSTGRES})`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  async function openNotes(url: string, poolSize = 2): Promise<Kysely<Tables>> {
    const database: Database = await openPostgresDatabase({ url, poolSize });
    onTestFinished(() => database.destroy());
    await migrateDatabase(database, [createNote]);
    return database.withTables<Tables>();
  }
  const idsOf = async (notes: Kysely<Tables>): Promise<number[]> =>
    (await notes.selectFrom("note").select("id").orderBy("id").execute()).map(({ id }) => id);

  it("says which server, user and database cannot be reached and what to do, without the password", async () => {
    const url = await server.newDatabase();
    const changed = (change: (parsed: URL) => void): string => {
      const parsed = new URL(url);
      parsed.password = "se%40cret";
      change(parsed);
      return parsed.href;
    };
    const { password } = new URL(url);
    const refused: readonly (readonly [url: string, message: RegExp])[] = [
      [changed(() => undefined), /trilith@127.*authentication failed.*Correct the user or the password/],
      [changed((parsed) => Object.assign(parsed, { username: "me" })), /me@127.*authentication failed/],
      [changed((parsed) => Object.assign(parsed, { password, pathname: "/absent" })), /\/absent .*Create the database/],
      [changed((parsed) => Object.assign(parsed, { port: "1" })), /:1\/test.*ECONNREFUSED.*Check that it runs/],
      [changed((parsed) => Object.assign(parsed, { host: "no.invalid" })), /no\.invalid.*Check that it runs/],
    ];
    for (const [wrong, message] of refused) {
      const error = await openPostgresDatabase({ url: wrong }).catch(missing);
      expect(error).toMatchObject({ code: "database-unreachable", message: expect.stringMatching(message) });
      expect(`${error}`).not.toMatch(/se(%40|@)cret/);
    }
  });

  it("says of a URL that is none that it is none, without showing it", async () => {
    for (const wrong of ["postgres:me:secret", "http://me:secret@host/db", "postgres://me:sec/ret@host:x/secret"]) {
      const error = await openPostgresDatabase({ url: wrong }).catch(missing);
      expect(error).toMatchObject({ code: "database-url-invalid", usage: true });
      expect((error as Error).cause).toBeUndefined(); // an error, as the line before has seen
      expect(String(error)).not.toContain("secret");
    }
  });

  it("tells a connection that ends in the middle, undoes its transaction, and connects again", async () => {
    const url = await server.newDatabase();
    const notes = await openNotes(url);
    await notes.insertInto("note").values({ id: 1 }).execute();
    const lost = { code: "database-connection-lost", retryable: true };
    const others = "datname = current_database() and pid <> pg_backend_pid()";
    const cut = notes.transaction().execute(async (transaction) => {
      await transaction.insertInto("note").values({ id: 2 }).execute();
      await query(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
      await new Promise((resolve) => setTimeout(resolve, 20)); // the news arrives while nobody asks
      await transaction.insertInto("note").values({ id: 3 }).execute();
    });
    await expect(cut).rejects.toMatchObject(lost);
    // Connections that were idle learn of their end when they are next used.
    await expect.poll(() => idsOf(notes).catch(() => "cut off")).toEqual([1]);
    const sleeping = sql`select pg_sleep(30)`.execute(notes);
    const told = expect(sleeping).rejects.toMatchObject(lost);
    await expect
      .poll(async () => {
        const { rows } = await sql<{ cut: boolean }>`
          select pg_terminate_backend(pid) as cut from pg_stat_activity
          where datname = current_database() and query = 'select pg_sleep(30)'`.execute(notes);
        return rows.length;
      })
      .toBe(1);
    await told;
    await expect.poll(() => idsOf(notes).catch(() => "cut off")).toEqual([1]);
  });

  it("tells a server that goes away, and goes on when it is back", async () => {
    const proxy = await openProxy(await server.newDatabase());
    const notes = await openNotes(proxy.url);
    await notes.insertInto("note").values({ id: 1 }).execute();
    await proxy.stop();
    const failed = await idsOf(notes).catch(missing);
    expect(failed).toMatchObject({ code: expect.stringMatching(/^database-(unreachable|connection-lost)$/) });
    await expect(idsOf(notes)).rejects.toMatchObject({ code: "database-unreachable", retryable: true });
    await proxy.start();
    expect(await idsOf(notes)).toEqual([1]);
  });

  it("says that it may not write, that a transaction was undone for another's sake, and nothing of what the code did", async () => {
    const url = await server.newDatabase();
    const notes = await openNotes(url);
    await notes
      .insertInto("note")
      .values([{ id: 1 }, { id: 2 }])
      .execute();
    const moving = async (first: number, second: number): Promise<void> =>
      notes.transaction().execute(async (transaction) => {
        await transaction.updateTable("note").set({ id: first }).where("id", "=", first).execute();
        await new Promise((resolve) => setTimeout(resolve, 100));
        await transaction.updateTable("note").set({ id: second }).where("id", "=", second).execute();
      });
    const outcomes = await Promise.allSettled([moving(1, 2), moving(2, 1)]);
    const reasons = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(reasons).toEqual([expect.objectContaining({ code: "database-conflict", retryable: true })]);
    await expect(notes.insertInto("note").values({ id: 1 }).execute()).rejects.toThrow(/^duplicate key/);
    await query(url, `alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`);
    const reader = await openPostgresDatabase({ url });
    onTestFinished(() => reader.destroy());
    await expect(sql`insert into note values (9)`.execute(reader)).rejects.toMatchObject({
      code: "database-unusable",
      problem: "read-only",
    });
  });

  it("keeps its tables apart from those of others in the same database, whose collation stays", async () => {
    const url = await server.newDatabase();
    await query(url, "create table run (name text)");
    const notes = await openNotes(url);
    const { rows } = await sql<{ table_schema: string; collation_name: string | null }>`
      select table_schema, collation_name from information_schema.columns
      where data_type = 'text' and table_schema in ('public', 'trilith')
      group by 1, 2 order by 1`.execute(notes);
    expect(rows).toEqual([
      { table_schema: "public", collation_name: null },
      { table_schema: "trilith", collation_name: "C" },
    ]);
  });

  it("uses the library that it is handed", async () => {
    let made = 0;
    class Pool extends pg.Pool {
      constructor(config?: pg.PoolConfig) {
        super(config);
        made++;
      }
    }
    const lib: PgLibrary = { Pool, Client: pg.Client, types: pg.types };
    const database = await openPostgresDatabase({ url: await server.newDatabase(), lib });
    await database.destroy();
    expect(made).toBe(1);
  });
});

/** A way to the server that can be closed and opened again. */
async function openProxy(target: string): Promise<{ url: string; start(): Promise<void>; stop(): Promise<void> }> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const proxy = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  const start = async (at = 0): Promise<void> => void (await once(proxy.listen(at, "127.0.0.1"), "listening"));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!proxy.listening) return;
    proxy.close();
    await once(proxy, "close");
  };
  await start();
  onTestFinished(stop);
  const address = proxy.address() as { readonly port: number }; // it listens on a port
  const url = new URL(target);
  url.port = String(address.port);
  return { url: url.href, start: () => start(address.port), stop };
}
