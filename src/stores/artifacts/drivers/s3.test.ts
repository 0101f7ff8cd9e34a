import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CREDENTIALS,
  findMoto,
  type S3Server,
  startMoto,
  startS3rver,
  WITHOUT_MOTO,
} from "../../../../test/s3/s3-server.ts";
import { type ProxiedRequest, type Spoil, startSpoilingProxy } from "../../../../test/s3/spoiling-proxy.ts";
import { createArtifactStore } from "../artifact-store.ts";
import { describeBlobDriver } from "../blob-driver.contract.ts";
import type { BlobDriver } from "../driver.ts";
import { s3Blobs } from "./s3.ts";

const KEY = `sha256-${"a".repeat(64)}`;
const MEBIBYTE = 1024 * 1024;

/** An empty place in the server's bucket. */
const emptyBlobs = ({ endpoint, bucket }: Pick<S3Server, "endpoint" | "bucket">): BlobDriver =>
  s3Blobs({ endpoint, bucket, prefix: `tests/${randomUUID()}`, credentials: CREDENTIALS });

/** Runs `use` with a driver whose requests go through a proxy. */
async function throughProxy(
  { endpoint, bucket }: S3Server,
  spoil: Spoil,
  use: (driver: BlobDriver, requests: readonly ProxiedRequest[]) => Promise<void>,
): Promise<void> {
  const proxy = await startSpoilingProxy(endpoint, spoil);
  try {
    await use(emptyBlobs({ endpoint: proxy.endpoint, bucket }), proxy.requests);
  } finally {
    proxy.stop();
  }
}

/** 20 MiB that differ from part to part. */
function largeBytes(): Buffer {
  const bytes = Buffer.alloc(20 * MEBIBYTE);
  for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32LE(i, i);
  return bytes;
}

const PARTS = /partNumber=/;
const isConditional = ({ headers }: ProxiedRequest): boolean => headers["if-none-match"] === "*";

describe("S3 on s3rver", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3rver();
  });
  afterAll(() => server.stop());

  describeBlobDriver("s3", () => emptyBlobs(server), {
    skip: {
      "makes new what is touched, with its bytes, and nothing where there is nothing":
        "s3rver keeps the time of an object that is copied onto itself; S3 and moto do not",
    },
  });

  it("takes what is larger than 8 MiB in parts of 8 MiB, and gives it back", async () => {
    const bytes = largeBytes();
    await throughProxy(
      server,
      () => undefined,
      async (driver, requests) => {
        await driver.write(KEY, bytes);
        const parts = requests
          .filter(({ url }) => PARTS.test(url))
          .map(({ headers }) => Number(headers["content-length"]));
        expect(parts.sort((a, b) => a - b)).toEqual([4 * MEBIBYTE, 8 * MEBIBYTE, 8 * MEBIBYTE]);
        expect(bytes.equals((await driver.read(KEY)) ?? new Uint8Array())).toBe(true);
        expect((await driver.stat(KEY))?.sizeBytes).toBe(20 * MEBIBYTE);
      },
    );
  });

  it("aborts an upload whose part cannot be sent, and leaves no object", async () => {
    const refuse: Spoil = ({ url }) => (/partNumber=2/.test(url) ? { status: 403 } : undefined);
    await throughProxy(server, refuse, async (driver, requests) => {
      await expect(driver.write(KEY, largeBytes())).rejects.toMatchObject({
        code: "bucket-unusable",
        trouble: "access-denied",
      });
      const last = requests.at(-1);
      expect([last?.method, last?.url]).toEqual(["DELETE", expect.stringContaining("uploadId=")]);
      expect(await driver.stat(KEY)).toBe(undefined);
    });
  });

  it("writes without a condition, from then on, where the server knows none", async () => {
    const notImplemented: Spoil = (asked) => (isConditional(asked) ? { status: 501 } : undefined);
    await throughProxy(server, notImplemented, async (driver, requests) => {
      const other = `sha256-${"b".repeat(64)}`;
      await driver.write(KEY, Uint8Array.of(1), { unlessPresent: true });
      await driver.write(other, largeBytes(), { unlessPresent: true });
      expect([(await driver.read(KEY))?.length, (await driver.stat(other))?.sizeBytes]).toEqual([1, 20 * MEBIBYTE]);
      expect(requests.filter(isConditional).length).toBe(1);
    });
  });

  it("writes once more where another writer was at it", async () => {
    const contended: Spoil = (asked) => (isConditional(asked) ? { status: 409 } : undefined);
    await throughProxy(server, contended, async (driver) => {
      await driver.write(KEY, Uint8Array.of(1), { unlessPresent: true });
      expect((await driver.read(KEY))?.length).toBe(1);
    });
  });

  it("is asked again by the SDK after a dropped connection", async () => {
    let dropped = false;
    const dropOnce: Spoil = ({ method }) => {
      if (dropped || method !== "PUT") return undefined;
      dropped = true;
      return "reset";
    };
    await throughProxy(server, dropOnce, async (driver, requests) => {
      await driver.write(KEY, Uint8Array.of(1));
      expect([(await driver.read(KEY))?.length, requests.filter(({ method }) => method === "PUT").length]).toEqual([
        1, 2,
      ]);
    });
  });

  it("says that a bucket is missing, keys are wrong, or nobody answers, and what to do", async () => {
    const { endpoint, bucket } = server;
    const write = (options: Partial<Parameters<typeof s3Blobs>[0]>): Promise<void> =>
      s3Blobs({ endpoint, bucket, credentials: CREDENTIALS, ...options }).write(KEY, Uint8Array.of(1));
    await expect(write({ bucket: "elsewhere" })).rejects.toMatchObject({
      code: "bucket-unusable",
      trouble: "bucket-missing",
      usage: true,
      message: expect.stringContaining(`s3://elsewhere of ${endpoint}`),
    });
    await expect(s3Blobs({ endpoint, bucket: "elsewhere", credentials: CREDENTIALS }).read(KEY)).rejects.toMatchObject({
      trouble: "bucket-missing",
    });
    await expect(write({ credentials: { accessKeyId: "A", secretAccessKey: "B" } })).rejects.toMatchObject({
      trouble: "access-denied",
      message: expect.stringContaining("AWS_ACCESS_KEY_ID"),
    });
    await expect(write({ endpoint: "http://127.0.0.1:1" })).rejects.toMatchObject({
      trouble: "unreachable",
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("keeps artifacts of two stores at once, each uploaded once more only while it is not there", async () => {
    await throughProxy(
      server,
      () => undefined,
      async (driver, requests) => {
        const [one, other] = [createArtifactStore(driver), createArtifactStore(driver)];
        const hash = await one.put("hello");
        expect(await other.put("hello")).toBe(hash);
        expect(requests.map(({ method }) => method)).toEqual(["HEAD", "PUT", "HEAD"]);
        expect(Buffer.from(await other.get(hash)).toString()).toBe("hello");
      },
    );
  });
});

const moto = findMoto();

describe.skipIf(moto === undefined)(`S3 on moto (skipped without: ${WITHOUT_MOTO})`, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startMoto(moto ?? "");
  }, 20_000);
  afterAll(() => server.stop());

  describeBlobDriver("s3", () => emptyBlobs(server), { clockResolutionMs: 1100 });

  it("leaves what is there when it is told so, in one request and in parts, and aborts the parts", async () => {
    await throughProxy(
      server,
      () => undefined,
      async (driver, requests) => {
        await driver.write(KEY, Uint8Array.of(1));
        await driver.write(KEY, Uint8Array.of(2), { unlessPresent: true });
        await driver.write(KEY, largeBytes(), { unlessPresent: true });
        expect([...((await driver.read(KEY)) ?? [])]).toEqual([1]);
        expect(requests.filter(({ method, url }) => method === "DELETE" && url.includes("uploadId=")).length).toBe(1);
      },
    );
  });

  it("leaves no part behind when an upload fails", async () => {
    const refuse: Spoil = ({ url }) => (/partNumber=2/.test(url) ? { status: 403 } : undefined);
    await throughProxy(server, refuse, async (driver) => {
      await expect(driver.write(KEY, largeBytes())).rejects.toMatchObject({ code: "bucket-unusable" });
    });
    const uploads = await (await fetch(`${server.endpoint}/${server.bucket}?uploads`)).text();
    expect(uploads).not.toContain("<UploadId>");
  });

  it("lists page after page", async () => {
    const twoAtOnce: Spoil = ({ url }) => (url.includes("list-type=2") ? { url: `${url}&max-keys=2` } : undefined);
    await throughProxy(server, twoAtOnce, async (driver, requests) => {
      const keys = ["a", "b", "c", "d", "e"].map((letter) => `sha256-${letter.repeat(64)}`);
      await Promise.all(keys.map((key) => driver.write(key, Uint8Array.of(1))));
      expect((await Array.fromAsync(driver.list())).map(({ key }) => key).sort()).toEqual(keys);
      expect(requests.filter(({ url }) => url.includes("list-type=2")).length).toBe(3);
    });
  });
});
