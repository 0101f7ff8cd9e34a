import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hashBytes } from "../../core/hash.ts";
import { huggingFaceHub } from "./index.ts";

interface Seen {
  readonly method: string | undefined;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Buffer;
}

let seen: Seen[] = [];
let createStatus = 200;
let origin = "";

/** What the hub answers, as its API did in November 2026: creation, which files go by LFS, LFS, the commit. */
function respond(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const json = (status: number, value: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const url = request.url ?? "";
  if (url === "/api/repos/create") {
    const error = { error: "You already created this dataset repo" };
    return json(createStatus, createStatus === 200 ? { url: `${origin}/datasets/ada/twin`, id: "1" } : error);
  }
  if (url.includes("/preupload/")) {
    const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
    const mode = (path: string): string => (path.endsWith(".parquet") ? "lfs" : "regular");
    return json(200, { files: files.map(({ path }) => ({ path, uploadMode: mode(path) })) });
  }
  if (url.endsWith("/info/lfs/objects/batch")) {
    const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
    const upload = (oid: string) => ({ upload: { href: `${origin}/lfs/${oid}` } });
    return json(200, {
      transfer: "basic",
      objects: objects.map(({ oid, size }) => ({ oid, size, actions: upload(oid) })),
    });
  }
  if (url.includes("/commit/"))
    return json(200, {
      success: true,
      commitOid: "c0ffee",
      commitUrl: `${origin}/datasets/ada/twin/commit/c0ffee`,
      hookOutput: "",
    });
  return void response.writeHead(200).end();
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (piece: Buffer) => parts.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    seen.push({ method: request.method, url: request.url ?? "", authorization: request.headers.authorization, body });
    respond(request, body, response);
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
});
beforeEach(() => {
  seen = [];
  createStatus = 200;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const PARQUET = new TextEncoder().encode("PAR1 rows PAR1");
const dataset = {
  datasetId: "ada/twin",
  files: new Map([
    ["README.md", new TextEncoder().encode("# Dataset: Ada\n")],
    ["data/train.parquet", PARQUET],
  ]),
  message: "Dataset of Ada Byron",
  isPrivate: true,
};
const push = () => huggingFaceHub({ token: "hf_test", url: origin, fetch }).push(dataset);
const bodyOf = (part: string): Buffer => seen.find(({ url }) => url.includes(part))?.body ?? Buffer.alloc(0);

describe("the Hugging Face hub", () => {
  it("makes a private repository and commits all files at once, large ones by LFS", async () => {
    expect(await push()).toEqual({ url: `${origin}/datasets/ada/twin`, commit: "c0ffee" });
    expect(JSON.parse(bodyOf("/api/repos/create").toString())).toMatchObject({
      name: "twin",
      organization: "ada",
      type: "dataset",
      visibility: "private",
    });
    const lines = bodyOf("/commit/")
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ key: "header", value: { summary: "Dataset of Ada Byron" } });
    const page = lines.find(({ key }) => key === "file");
    expect(Buffer.from(page.value.content, "base64").toString()).toBe("# Dataset: Ada\n");
    const oid = hashBytes(PARQUET).slice("sha256:".length);
    expect(lines.find(({ key }) => key === "lfsFile")?.value).toMatchObject({ path: "data/train.parquet", oid });
    expect(bodyOf(`/lfs/${oid}`)).toEqual(Buffer.from(PARQUET));
    const api = seen.filter(({ url }) => url.startsWith("/api/"));
    expect(new Set(api.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_test"]));
  });

  it("commits to a repository that is there", async () => {
    createStatus = 409;
    expect((await push()).commit).toBe("c0ffee");
  });

  it("says which dataset was not taken, and whether to try again", async () => {
    createStatus = 403;
    await expect(push()).rejects.toMatchObject({ code: "hub-failed", statusCode: 403, retryable: false });
    createStatus = 503;
    await expect(push()).rejects.toMatchObject({ retryable: true, message: expect.stringContaining("ada/twin") });
    expect(seen.some(({ url }) => url.includes("/commit/"))).toBe(false);
  });
});
