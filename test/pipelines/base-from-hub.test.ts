/** A base that is named by its id on a hub, in processes of their own that ask at once; one is killed while it downloads. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openLanguageModels } from "../../src/models/index.ts";

const BASE = join(import.meta.dirname, "../../models/trilith-base-9m");
const PROGRAM = join(import.meta.dirname, "base-from-hub-program.ts");
const SHA = "89abcdef0123456789abcdef0123456789abcdef";
const WEIGHTS = "model.safetensors";

let server: Server;
let endpoint: string;
let folder: string;
/** Bytes of the weights that are sent, to each request on; what is behind them never comes. */
let sendable: number;
const ranges: (string | undefined)[] = [];
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-from-hub-"));
  const files = new Map<string, Buffer>();
  for (const name of await readdir(BASE)) files.set(name, await readFile(join(BASE, name)));
  const siblings = [...files].map(([rfilename, content]) => ({
    rfilename,
    size: content.length,
    blobId: createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex"),
  }));
  server = createServer((request, response) => {
    const name = request.url?.split("/").at(-1) ?? "";
    requests.push(request.url ?? "");
    const content = files.get(name);
    if (!content) return void response.end(JSON.stringify({ sha: SHA, siblings }));
    const start = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start });
    if (name !== WEIGHTS) return void response.end(content);
    ranges.push(request.headers.range);
    const end = Math.min(content.length, sendable);
    response.write(content.subarray(start, end));
    if (end === content.length) response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a server on a port has one
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function start(model: string) {
  const env = { ...process.env, HF_ENDPOINT: endpoint, TRILITH_BASE_MODEL: model };
  const child = spawn(process.execPath, ["--no-warnings", PROGRAM, folder], { env });
  let said = "";
  child.stdout.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  return { child, ended: new Promise<string>((resolve) => child.on("close", () => resolve(said))) };
}

it("is downloaded by one process for all that ask at once", async () => {
  sendable = Number.POSITIVE_INFINITY;
  const both = await Promise.all([start("someone/both").ended, start("someone/both").ended]);
  expect(JSON.parse(both[0] ?? "")).toMatchObject({ name: "both" });
  expect(both[1]).toBe(both[0]);
  expect(requests.filter((url) => url.endsWith(WEIGHTS))).toHaveLength(1);
  expect(await readdir(join(folder, "models/someone--both/main/both"))).not.toContain(`${WEIGHTS}.part`);
}, 60_000);

it("goes on in a process that waits, where one that was killed had stopped, and is then opened without the hub", async () => {
  sendable = 3_000_000;
  requests.length = 0;
  ranges.length = 0;
  const first = start("someone/small");
  const part = join(folder, "models/someone--small/main/small", `${WEIGHTS}.part`);
  const sizeOf = () =>
    stat(part).then(
      ({ size }) => size,
      () => 0,
    );
  await expect.poll(sizeOf, { timeout: 20_000 }).toBe(sendable);
  const second = start("someone/small");
  const listings = () => requests.filter((url) => url.includes("/revision/")).length;
  await expect.poll(listings, { timeout: 20_000 }).toBe(2);
  expect(ranges).toEqual([undefined]);
  sendable = Number.POSITIVE_INFINITY;
  first.child.kill("SIGKILL");
  expect(await first.ended).toBe("");
  const opened = JSON.parse(await second.ended);
  expect(ranges).toEqual([undefined, "bytes=3000000-"]);
  const { base } = await openLanguageModels({ folder: BASE });
  expect(opened).toMatchObject({ name: "small", fingerprint: base.fingerprint });
  server.closeAllConnections();
  server.close();
  expect(JSON.parse(await start("someone/small").ended)).toEqual(opened);
}, 60_000);
