import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { openHubModel, parseHubId, readHubOrigin } from "./hub-model.ts";

const FIXTURE = join(import.meta.dirname, "../../../test/fixtures/families/qwen3");
const ID = "someone/tiny-qwen3";
const clock = systemClock();
const SHA = "0123456789abcdef0123456789abcdef01234567";

/** A server that plays the endpoints of a hub: the list of a revision's files, and files with ranges. */
interface Hub {
  readonly endpoint: string;
  readonly files: Map<string, Buffer>;
  /** `GET path range` of every request. */
  readonly requests: string[];
  /** Breaks the connection after so many bytes of a file, once. */
  cutAfter: Map<string, number>;
  token: string | undefined;
  close(): Promise<void>;
}

async function startHub(): Promise<Hub> {
  const files = new Map<string, Buffer>([
    ["tokenizer.json", Buffer.from("{}")],
    ["notes/other.bin", Buffer.alloc(9)],
  ]);
  for (const name of await readdir(FIXTURE)) files.set(name, await readFile(join(FIXTURE, name)));
  const hub = {
    files,
    requests: [] as string[],
    cutAfter: new Map<string, number>(),
    token: undefined as string | undefined,
  };
  const server: Server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    hub.requests.push(`${request.url}${range ? ` ${range}` : ""}`);
    if (hub.token && authorization !== `Bearer ${hub.token}`) return void response.writeHead(401).end();
    if (request.url?.startsWith(`/api/models/${ID}/revision/`))
      return void response.end(JSON.stringify(listing(files)));
    const name = request.url?.replace(`/${ID}/resolve/${SHA}/`, "") ?? "";
    const content = files.get(name);
    if (!content) return void response.writeHead(404).end();
    sendRange(response, content, { range, cut: hub.cutAfter.get(name) });
    hub.cutAfter.delete(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server on a port has one
  return Object.assign(hub, {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

function listing(files: ReadonlyMap<string, Buffer>) {
  const siblings = [...files].map(([rfilename, content]) => ({
    rfilename,
    size: content.length,
    blobId: createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex"),
    ...(rfilename.endsWith(".safetensors") && { lfs: { sha256: createHash("sha256").update(content).digest("hex") } }),
  }));
  return { id: ID, sha: SHA, siblings };
}

function sendRange(
  response: ServerResponse,
  content: Buffer,
  { range, cut }: { range: string | undefined; cut: number | undefined },
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  const body = content.subarray(start);
  response.writeHead(range ? 206 : 200, { "content-length": body.length });
  if (cut === undefined) return void response.end(body);
  response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 50));
}

describe("a model of a hub", () => {
  let hub: Hub;
  let cacheFolder: string;
  beforeEach(async () => {
    hub = await startHub();
    cacheFolder = await mkdtemp(join(tmpdir(), "trilith-hub-"));
  });
  afterEach(async () => {
    await hub.close();
    await rm(cacheFolder, { recursive: true });
  });
  const open = (options: Partial<Parameters<typeof openHubModel>[0]> = {}) =>
    openHubModel({ id: ID, endpoint: hub.endpoint, cacheFolder, fetch, clock, ...options });
  const SHARD = "model-00002-of-00004.safetensors";

  it("is downloaded whole, with progress to the last byte, and then taken from the cache without a network", async () => {
    const shares: number[] = [];
    const folder = await open({
      onProgress: ({ receivedBytes, totalBytes }) => shares.push(receivedBytes / totalBytes),
    });
    expect(folder.endsWith("tiny-qwen3")).toBe(true);
    for (const [name, content] of hub.files) {
      expect(existsSync(join(folder, name)), name).toBe(name !== "notes/other.bin");
      if (name !== "notes/other.bin") expect(await readFile(join(folder, name))).toEqual(content);
    }
    expect(shares.at(-1)).toBe(1);
    expect(await readHubOrigin(folder)).toEqual({ id: ID, revision: SHA });
    const count = hub.requests.length;
    expect(await openHubModel({ id: ID, endpoint: hub.endpoint, cacheFolder, clock })).toBe(folder);
    expect(hub.requests.length).toBe(count);
  });

  it("goes on where a connection broke, and where a download that was killed had stopped", async () => {
    hub.cutAfter.set(SHARD, 5000);
    const folder = await open();
    expect(hub.requests).toContain(`/${ID}/resolve/${SHA}/${SHARD} bytes=5000-`);
    await rm(join(folder, "trilith-hub.json"));
    await rm(join(folder, SHARD));
    const content = hub.files.get(SHARD) ?? Buffer.alloc(0);
    await writeFile(join(folder, `${SHARD}.part`), content.subarray(0, 777));
    hub.requests.length = 0;
    await open();
    expect(hub.requests.slice(1)).toEqual([`/${ID}/resolve/${SHA}/${SHARD} bytes=777-`]);
    expect(await readFile(join(folder, SHARD))).toEqual(content);
  });

  it("is of one commit, also where an earlier download stopped before the branch moved on", async () => {
    hub.files.set("README.md", Buffer.from("# The card"));
    const stopping = AbortSignal.timeout(300);
    const stalled: typeof fetch = async (url, init) => {
      if (String(url).endsWith(SHARD)) await clock.sleep(60_000, stopping);
      return fetch(url, init);
    };
    await expect(open({ fetch: stalled, signal: stopping })).rejects.toThrow();
    const moved = Buffer.from("# The card, corrected");
    hub.files.set("README.md", moved);
    expect(await readFile(join(await open(), "README.md"))).toEqual(moved);
  });

  it("is refused where the content has another hash, and nothing of that is kept", async () => {
    const honest = hub.files.get(SHARD) ?? Buffer.alloc(0);
    const forged = Object.assign(Buffer.from(honest), { 3000: 1 + (honest[3000] ?? 0) });
    const lying: typeof fetch = async (url, init) => {
      const response = await fetch(url, init);
      return String(url).endsWith(SHARD) ? new Response(forged) : response;
    };
    await expect(open({ fetch: lying })).rejects.toMatchObject({ code: "hub-download-failed", retryable: true });
    const folder = join(cacheFolder, "someone--tiny-qwen3", "main", "tiny-qwen3");
    expect(existsSync(join(folder, SHARD)) || existsSync(join(folder, `${SHARD}.part`))).toBe(false);
    expect((await stat(join(await open(), SHARD))).size).toBe(honest.length);
  });

  it("is refused by its architecture before any weight is fetched", async () => {
    hub.files.set("config.json", Buffer.from('{"architectures":["GemmaForCausalLM"],"model_type":"gemma"}'));
    await expect(open()).rejects.toMatchObject({ code: "model-unsupported" });
    expect(hub.requests.some((request) => request.includes(".safetensors") && !request.includes("index"))).toBe(false);
  });

  it("is asked for with the token, and says what is wrong without it or with a wrong name", async () => {
    hub.token = "hf_secret";
    await expect(open()).rejects.toMatchObject({ code: "hub-model-unavailable" });
    await open({ token: "hf_secret" });
    await expect(open({ id: "someone/else", token: "hf_secret" })).rejects.toThrow("there is no such model");
  });

  it("says without a network what to do instead", async () => {
    const failing = { endpoint: "http://127.0.0.1:9", id: "someone/absent" };
    const advice = "hf download someone/absent --local-dir model";
    await expect(open(failing)).rejects.toThrow(advice);
    const offline = openHubModel({ id: ID, endpoint: hub.endpoint, cacheFolder, clock });
    await expect(offline).rejects.toMatchObject({ code: "hub-unreachable" });
    expect(hub.requests).toEqual([]);
  });
});

describe("the name of a model", () => {
  it("is of a hub where it is owner/name, with a revision or without", () => {
    expect(parseHubId("HuggingFaceTB/SmolLM2-135M")).toEqual({ id: "HuggingFaceTB/SmolLM2-135M" });
    expect(parseHubId("a/b@v1.0")).toEqual({ id: "a/b", revision: "v1.0" });
    for (const path of ["./a/b", "/a/b", "../b", "model", "a/b/c", "~/b", "a\\b"])
      expect(parseHubId(path), path).toBeNull();
  });
});
