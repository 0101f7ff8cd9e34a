/**
 * Bytes as objects of an S3 bucket, AWS's or a compatible server's, for processes on many machines. An upload can say
 * "only if nothing is there", so that of many writers one uploads; where the server does not know that (501) it
 * uploads all the same: every writer of a key has equal bytes. Requests are tried again as the SDK does it.
 */

import type { BlobDriver, BlobFacts } from "../driver.ts";
import { type Bucket, openBucket, type S3BlobsOptions, type SendTo, statusOf } from "./s3-bucket.ts";
import { uploadObject } from "./s3-upload.ts";

const ABSENT = 404;

/**
 * Bytes in a bucket that exists, under `prefix`.
 *
 * Its methods throw `BucketUnusableError` (`bucket-unusable`), and `LibraryMissingError` (`library-missing`) where
 * `@aws-sdk/client-s3` is not installed.
 */
export function s3Blobs(options: S3BlobsOptions): BlobDriver {
  const bucket = openBucket(options);
  const prefix = (options.prefix ?? "").replace(/^\/+|\/+$/g, "");
  const folder = prefix === "" ? "" : `${prefix}/`;
  const objectOf = (key: string): { Bucket: string; Key: string } => ({ Bucket: bucket.name, Key: `${folder}${key}` });
  const condition = { supported: true };
  return {
    name: "s3",
    can: { readCheaply: false },
    read: (key) =>
      unlessAbsent(bucket, async (client, lib) => {
        const { Body } = await client.send(new lib.GetObjectCommand(objectOf(key)));
        return Body?.transformToByteArray() ?? new Uint8Array();
      }),
    write: (key, bytes, { unlessPresent } = {}) =>
      uploadObject({ bucket, key: objectOf(key).Key, bytes }, unlessPresent ? condition : undefined),
    stat: (key) =>
      unlessAbsent(bucket, async (client, lib) => toFacts(await client.send(new lib.HeadObjectCommand(objectOf(key))))),
    async touch(key) {
      const object = objectOf(key);
      const source = `${object.Bucket}/${object.Key.split("/").map(encodeURIComponent).join("/")}`;
      const copy = { ...object, CopySource: source, MetadataDirective: "REPLACE" } as const;
      await unlessAbsent(bucket, (client, lib) => client.send(new lib.CopyObjectCommand(copy)));
    },
    async delete(key) {
      await unlessAbsent(bucket, (client, lib) => client.send(new lib.DeleteObjectCommand(objectOf(key))));
    },
    list: () => listObjects(bucket, folder),
  };
}

async function* listObjects(bucket: Bucket, folder: string): ReturnType<BlobDriver["list"]> {
  let token: string | undefined;
  do {
    const page = { Bucket: bucket.name, Prefix: folder, ...(token === undefined ? {} : { ContinuationToken: token }) };
    const found = await bucket.ask([], (client, lib) => client.send(new lib.ListObjectsV2Command(page)));
    for (const { Key = "", Size, LastModified } of found.Contents ?? []) {
      const key = Key.slice(folder.length);
      if (/^[A-Za-z0-9-]+$/.test(key)) yield { key, ...toFacts({ ContentLength: Size, LastModified }) };
    }
    token = found.NextContinuationToken;
  } while (token !== undefined);
}

async function unlessAbsent<T>(bucket: Bucket, send: SendTo<T>): Promise<T | undefined> {
  try {
    return await bucket.ask([ABSENT], send);
  } catch (error) {
    if (statusOf(error) === ABSENT) return undefined;
    throw error;
  }
}

function toFacts(object: { ContentLength?: number | undefined; LastModified?: Date | undefined }): BlobFacts {
  return { sizeBytes: object.ContentLength ?? 0, modifiedAtMs: object.LastModified?.getTime() ?? 0 };
}
