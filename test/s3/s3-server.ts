/**
 * Real S3 servers for tests, on free ports of loopback. `s3rver` comes with the package's development dependencies and
 * keeps objects and uploads in parts; it knows no conditions, takes no abort and lists no second page on this Node.
 * Those are tested against `moto`, where it is installed.
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

export interface S3Server {
  readonly endpoint: string;
  /** Of a bucket that is there, and empty in the beginning. */
  readonly bucket: string;
  stop(): Promise<void>;
}

/** What both servers take. */
export const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

interface S3rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
type S3rverClass = new (options: Readonly<Record<string, unknown>>) => S3rver;

/** Starts `s3rver` in this process. */
export async function startS3rver(): Promise<S3Server> {
  const S3rver: S3rverClass = createRequire(import.meta.url)("s3rver"); // it has no types
  const directory = mkdtempSync(join(tmpdir(), "trilith-s3rver-"));
  const bucket = "artifacts";
  const options = { address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets: [{ name: bucket }] };
  const server = new S3rver(options);
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    async stop() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The command that starts `moto`: TRILITH_TEST_MOTO, or the one on the path; `undefined` where there is none. */
export function findMoto(): string | undefined {
  const command = process.env["TRILITH_TEST_MOTO"] ?? "moto_server";
  try {
    execFileSync(command, ["--help"], { stdio: "ignore" });
    return command;
  } catch {
    return undefined;
  }
}

/** Why tests that need `moto` are skipped where there is none. */
export const WITHOUT_MOTO =
  "no moto here, and s3rver knows neither conditions nor aborts (pip install 'moto[server]', TRILITH_TEST_MOTO=path of moto_server)";

/** Starts `moto` in a process of its own. */
export async function startMoto(command: string): Promise<S3Server> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(command, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const bucket = "artifacts";
  await untilMade(`${endpoint}/${bucket}`);
  return {
    endpoint,
    bucket,
    async stop() {
      server.kill();
    },
  };
}

async function untilMade(bucketUrl: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const made = await fetch(bucketUrl, { method: "PUT" });
      if (made.ok) return;
      throw new Error(`moto makes no bucket: HTTP ${made.status}`);
    } catch (error) {
      if (tries === 100) throw error;
      await setTimeout(100);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
