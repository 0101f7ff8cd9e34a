/**
 * A real PostgreSQL for tests: Debian's binaries, in a temporary folder, on a free port of loopback, with the disk
 * synchronised as in production. As root it runs as another user, because the server refuses root.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import pg from "pg";

export interface PostgresServer {
  /** A new, empty database. */
  newDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** The folder of the server's programs; `undefined` on a machine without it. */
export function findPostgres(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** Why tests that need a server are skipped where there is none. */
export const WITHOUT_POSTGRES = "no PostgreSQL here (Debian: apt-get install postgresql)";

/** Starts a server of its own; stop it. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = findPostgres();
  if (bin === undefined) throw new Error(WITHOUT_POSTGRES);
  const folder = mkdtempSync(join(tmpdir(), "trilith-postgres-"));
  const user = serverUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder, stdio: "pipe" as const, env: { ...process.env, HOME: folder, LC_ALL: "C" } };
  const data = join(folder, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "trilith", "-A", "trust", "-E", "UTF8", "--no-sync"], options);
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    "fsync=on",
    "max_connections=200",
    `unix_socket_directories=${folder}`,
  ];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
  const server = spawn(join(bin, "postgres"), args, { ...options, stdio: "ignore" });
  const urlOf = (name: string): string => `postgres://trilith@127.0.0.1:${port}/${name}`;
  await untilReady(urlOf("postgres"));
  let count = 0;
  return {
    async newDatabase() {
      const name = `test_${process.pid}_${++count}`;
      await query(urlOf("postgres"), `create database ${name}`);
      return urlOf(name);
    },
    async stop() {
      server.kill("SIGINT"); // fast shutdown
      await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Who the server runs as; nothing when this is not root. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilReady(url: string): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      return await query(url, "select 1");
    } catch (error) {
      if (tried === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
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
