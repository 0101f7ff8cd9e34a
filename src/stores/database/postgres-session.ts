/**
 * A session that lives as long as its process: a lock in the shared database that the server drops by itself when the
 * connection ends. Others see by it whether the process lives, on whichever machine it is, and can be woken by it.
 *
 * @source https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */

import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import { type Clock, systemClock } from "../../core/clock.ts";
import { assertPostgresUrl, CONNECTING, importPg, NOTICE_LOSS, type PgLibrary } from "./drivers/postgres.ts";
import { toStatementError, toUnreachable } from "./drivers/postgres-errors.ts";

/** This process's session, as long as it holds its lock. */
export interface PostgresSession {
  readonly key: string;
  /** Which of the keys are held by sessions that live. */
  isAlive(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Whether it holds the lock of that name, taking it if it is free. The lock is free again when the session ends. */
  tryLock(name: string): Promise<boolean>;
  /** Runs `body` while no other session runs one under that name. */
  withLock<T>(name: string, body: () => Promise<T>): Promise<T>;
  /** Calls `handler` after each `notify` on the channel, of any session; sometimes without one: look again after a gap. */
  listen(channel: string, handler: () => void): Promise<void>;
  notify(channel: string): Promise<void>;
  /** Calls `listener` when the connection is lost, and with it every lock: others may take over what this process has. */
  onLost(listener: () => void): void;
  close(): Promise<void>;
}

/** Which database the session is of: only sessions of one database know each other. */
export interface PostgresSessionOptions {
  readonly url: string;
  readonly clock?: Clock;
  /** Default: the installed `pg`. */
  readonly lib?: PgLibrary;
}

/** The first half of every named lock's key, so that locks of other programs are never taken for ours. */
const LOCK_CLASS = 0x7472696c; // "tril"
const LOCK_RETRY_MS = 100;
const CONNECT_TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Opens a session on a connection of its own. When the connection is lost it is opened anew, under the same key.
 *
 * @throws {DatabaseUrlError} when the URL is none
 * @throws {DatabaseUnreachableError} when it cannot connect
 */
export async function openPostgresSession(options: PostgresSessionOptions): Promise<PostgresSession> {
  const { url, clock = systemClock() } = options;
  const database = assertPostgresUrl(url);
  const lib = options.lib ?? (await importPg());
  const key = String(randomBytes(8).readBigUInt64BE() >> 1n);
  const link = await openLink({ connect: () => connect(lib, { url, database, key }), clock });
  const held = new Set<string>();
  link.onLost(() => held.clear());
  const query = async <R extends object>(text: string, values: readonly unknown[]): Promise<R[]> => {
    const client = await link.client();
    try {
      return (await client.query<R>(text, [...values])).rows;
    } catch (error) {
      throw toStatementError(database, error);
    }
  };
  const lockOnce = async (name: string): Promise<boolean> => {
    const [row] = await query<{ held: boolean }>("select pg_try_advisory_lock($1, hashtext($2)) as held", [
      LOCK_CLASS,
      name,
    ]);
    return row?.held === true;
  };
  return {
    key,
    async isAlive(keys) {
      const rows = await query<{ key: string }>(LIVING_KEYS, [keys]);
      return new Set(rows.map((row) => row.key));
    },
    async tryLock(name) {
      if (!held.has(name) && (await lockOnce(name))) held.add(name);
      return held.has(name);
    },
    async withLock(name, body) {
      // Asked for again and again: a statement that waits would hold up whoever builds an index concurrently.
      while (!(await lockOnce(name))) await clock.sleep(LOCK_RETRY_MS);
      try {
        return await body();
      } finally {
        await query("select pg_advisory_unlock($1, hashtext($2))", [LOCK_CLASS, name]);
      }
    },
    listen: (channel, handler) => link.listen(channel, handler),
    notify: async (channel) => void (await query("select pg_notify($1, '')", [channel])),
    onLost: (listener) => link.onLost(listener),
    close: () => link.close(),
  };
}

/** Of the keys given, those that a session of this database holds: the server shows a key in two halves. */
const LIVING_KEYS = `
  select key from (
    select ((classid::int8 << 32) | objid::int8)::text as key from pg_locks
    where locktype = 'advisory' and objsubid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())
  ) as living where key = any($1::text[])`;

async function connect(lib: PgLibrary, to: { url: string; database: string; key: string }): Promise<Client> {
  const client = new lib.Client({
    connectionString: to.url,
    application_name: "trilith session",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...CONNECTING,
  });
  client.on("error", () => undefined); // told by whichever statement meets it, and by `end`
  try {
    await client.connect();
    await client.query(NOTICE_LOSS);
    await client.query("select pg_advisory_lock($1::int8)", [to.key]);
    return client;
  } catch (cause) {
    await client.end().catch(() => undefined); // it may never have been connected
    throw toUnreachable(to.database, cause);
  }
}

/** A connection that is opened anew when it is lost, with what was listened to. */
interface Link {
  /** The connection, or the reason why there is none at the moment. */
  client(): Promise<Client>;
  listen(channel: string, handler: () => void): Promise<void>;
  onLost(listener: () => void): void;
  close(): Promise<void>;
}

async function openLink({ connect, clock }: { connect: () => Promise<Client>; clock: Clock }): Promise<Link> {
  const closing = new AbortController();
  const handlers = new Map<string, (() => void)[]>();
  const lostListeners: (() => void)[] = [];
  const open = async (): Promise<Client> => {
    const client = await connect();
    client.on("notification", ({ channel }) => handlers.get(channel)?.forEach((handler) => handler()));
    try {
      for (const channel of handlers.keys()) await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end(); // or its lock would keep out the next connection, which has the same key
      throw error;
    }
    client.once("end", lose);
    return client;
  };
  const lose = (): void => {
    if (closing.signal.aborted) return;
    for (const listener of lostListeners) listener();
    void reopen();
  };
  const reopen = async (): Promise<void> => {
    for (let pauseMs = LOCK_RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      current = open();
      const opened = await current.catch(() => undefined); // who asks for it meanwhile is told
      if (opened) return handlers.forEach((each) => each.forEach((handler) => handler()));
      await clock.sleep(pauseMs, closing.signal).catch(() => undefined); // woken by `close`
      if (closing.signal.aborted) return;
    }
  };
  let current = open();
  await current;
  return {
    client: () => current,
    async listen(channel, handler) {
      handlers.set(channel, [...(handlers.get(channel) ?? []), handler]);
      const client = await current;
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    },
    onLost: (listener) => void lostListeners.push(listener),
    async close() {
      closing.abort();
      await (await current.catch(() => undefined))?.end();
    },
  };
}
