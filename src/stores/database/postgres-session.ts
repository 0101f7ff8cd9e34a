/**
 * A session that lives as long as its process: a lock in the shared database that the server drops by itself when the
 * connection ends. Others see by it whether the process lives, on whichever machine it is.
 *
 * @source https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */

import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import { importPg, type PgLibrary, parsersOf } from "./drivers/postgres.ts";
import { DatabaseUnreachableError } from "./errors.ts";

/** This process's session. */
export interface PostgresSession {
  readonly key: string;
  /** Which of the keys are held by sessions that live. */
  isAlive(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Whether this session holds the lock of that name, taking it if it is free. It is free again when the session ends. */
  tryLock(name: string): Promise<boolean>;
  /** Runs `body` while no other session runs one under that name. */
  withLock<T>(name: string, body: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The first half of every lock's key, so that locks of other programs are never taken for ours. */
const LOCK_RETRY_MS = 100;
const LOCK_CLASS = 0x7472696c; // "tril"

/**
 * Opens a session on a connection of its own.
 *
 * @throws {DatabaseUnreachableError} when it cannot connect
 */
export async function openPostgresSession({
  url,
  lib,
}: {
  readonly url: string;
  readonly lib?: PgLibrary;
}): Promise<PostgresSession> {
  const pg = lib ?? (await importPg());
  const key = randomBytes(4).readInt32BE();
  let client = await connect(pg, url, key);
  let reconnecting: Promise<void> | undefined;
  const watch = (): void => {
    // A lost connection is a lost lock: others may take over what this process has. It goes on under the same key.
    client.on("error", () => undefined);
    client.once("end", () => {
      if (closed) return;
      held.clear();
      reconnecting = connect(pg, url, key).then(
        (again) => {
          client = again;
          watch();
        },
        () => undefined,
      );
    });
  };
  let closed = false;
  const held = new Set<string>();
  watch();
  return {
    key: String(key),
    async isAlive(keys) {
      await reconnecting;
      return heldKeys(client, keys);
    },
    async tryLock(name) {
      await reconnecting;
      if (held.has(name)) return true;
      if (await lockOnce(client, name)) held.add(name);
      return held.has(name);
    },
    async withLock(name, body) {
      // Asked for again and again: a statement that waits would hold up whoever builds an index concurrently.
      while (!(await lockOnce(client, name))) await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
      try {
        return await body();
      } finally {
        await client.query("select pg_advisory_unlock($1, hashtext($2))", [LOCK_CLASS, name]);
      }
    },
    async close() {
      closed = true;
      await reconnecting;
      await client.end();
    },
  };
}

async function heldKeys(client: Client, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ objid: number }>(
    `select objid::int8 as objid from pg_locks
     where locktype = 'advisory' and classid = $1 and objsubid = 2 and granted
       and database = (select oid from pg_database where datname = current_database())`,
    [LOCK_CLASS],
  );
  const held = new Set(rows.map(({ objid }) => String(Number(objid) | 0))); // the server shows keys without their sign
  return new Set(keys.filter((each) => held.has(each)));
}

async function lockOnce(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1, hashtext($2)) as held", [
    LOCK_CLASS,
    name,
  ]);
  return rows[0]?.held === true;
}

async function connect(pg: PgLibrary, url: string, key: number) {
  const client = new pg.Client({
    connectionString: url,
    types: parsersOf(pg),
    application_name: "trilith session",
    keepAlive: true,
  });
  try {
    await client.connect();
    await client.query("select pg_advisory_lock($1, $2)", [LOCK_CLASS, key]);
    return client;
  } catch (cause) {
    throw new DatabaseUnreachableError(url, cause);
  }
}
