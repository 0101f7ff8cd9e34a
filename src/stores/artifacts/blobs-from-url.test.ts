import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { CREDENTIALS, startS3rver } from "../../../test/s3/s3-server.ts";
import { blobsFromUrl } from "./blobs-from-url.ts";

const keys = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey };

describe("the URL of an artifact store", () => {
  it("names a bucket, a prefix and a server, with keys from the environment", async () => {
    const server = await startS3rver();
    try {
      const url = `s3://${server.bucket}/team/one?endpoint=${server.endpoint}&region=eu-west-1`;
      await blobsFromUrl(url, keys).write("key-1", Uint8Array.of(1, 2));
      const whole = blobsFromUrl(`s3://${server.bucket}?endpoint=${server.endpoint}`, keys);
      expect(await Array.fromAsync(whole.list())).toEqual([]); // what is below another prefix is not its own
      const same = blobsFromUrl(`s3://${server.bucket}/team/one/?endpoint=${server.endpoint}`, keys);
      expect((await same.read("key-1"))?.length).toBe(2);
    } finally {
      await server.stop();
    }
  });

  it("names a folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trilith-url-"));
    const driver = blobsFromUrl(pathToFileURL(folder).href, {});
    await driver.write("key-1", Uint8Array.of(1));
    expect([driver.name, (await driver.stat("key-1"))?.sizeBytes]).toEqual(["files", 1]);
  });

  it.each([
    ["artifacts", "it is no URL"],
    ["s3:///prefix", "it has no bucket"],
    ["gs://bucket", "its scheme is gs:"],
    ["s3://bucket?endpoint=minio:9000", 'its endpoint is \"minio:9000\"'],
    ["s3://bucket?regoin=x", "it has the parameter regoin"],
    ["s3://key:secret@bucket", "keys do not belong into it"],
  ])("refuses %s", (url, reason) => {
    expect(() => blobsFromUrl(url, {})).toThrow(
      expect.objectContaining({ code: "artifacts-url-invalid", message: expect.stringContaining(reason) }),
    );
    expect(() => blobsFromUrl(url, {})).not.toThrow(/secret/);
  });
});
