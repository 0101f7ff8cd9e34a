/**
 * Uploads to S3: small bytes in one request, large ones in parts, a few at a time. An upload that fails is aborted, so
 * that its parts do not stay in the bucket, unseen and paid for.
 */

import { type Bucket, statusOf } from "./s3-bucket.ts";

const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

/** Answers to "only if nothing is there": something is, somebody is writing it right now, or that cannot be asked. */
const PRESENT = 412;
const CONTENDED = 409;
const NOT_IMPLEMENTED = 501;

export interface Upload {
  readonly bucket: Bucket;
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** The request that makes the object be there, whole; and how to leave it. */
interface Completion {
  complete(condition: { readonly IfNoneMatch?: "*" }): Promise<unknown>;
  abort(): Promise<unknown>;
}

/**
 * Writes the bytes, whole or not at all.
 *
 * @param condition  given, what is there already is left; `supported` becomes false where the server cannot tell,
 *   and then the object is written
 */
export async function uploadObject(upload: Upload, condition?: { supported: boolean }): Promise<void> {
  const { complete, abort } = upload.bytes.byteLength > PART_BYTES ? await uploadParts(upload) : wholeUpload(upload);
  try {
    const answer = condition?.supported ? await answerTo(complete({ IfNoneMatch: "*" })) : NOT_IMPLEMENTED;
    if (answer === PRESENT) await abort();
    if (answer === NOT_IMPLEMENTED && condition) condition.supported = false;
    if (answer === NOT_IMPLEMENTED || answer === CONTENDED) await complete({});
  } catch (error) {
    await abort();
    throw error;
  }
}

/** What the server said to a condition; `undefined` when it did as it was asked. */
async function answerTo(request: Promise<unknown>): Promise<number | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    const status = statusOf(error);
    if (status === PRESENT || status === CONTENDED || status === NOT_IMPLEMENTED) return status;
    throw error;
  }
}

/** The statuses that are answers, and not errors, when a condition was given. */
const expectedFor = ({ IfNoneMatch }: { readonly IfNoneMatch?: "*" }): number[] =>
  IfNoneMatch === undefined ? [] : [PRESENT, CONTENDED, NOT_IMPLEMENTED];

function wholeUpload({ bucket, key, bytes }: Upload): Completion {
  const object = { Bucket: bucket.name, Key: key, Body: bytes };
  return {
    complete: (condition) =>
      bucket.ask(expectedFor(condition), (client, lib) =>
        client.send(new lib.PutObjectCommand({ ...object, ...condition })),
      ),
    abort: async () => undefined,
  };
}

/** Uploads every part; the object is there when it is completed. */
async function uploadParts({ bucket, key, bytes }: Upload): Promise<Completion> {
  const object = { Bucket: bucket.name, Key: key };
  const { UploadId } = await bucket.ask([], (client, lib) => client.send(new lib.CreateMultipartUploadCommand(object)));
  const place = { ...object, UploadId };
  // What an abort cannot take away is for the bucket's lifecycle rule: the error that led here matters more.
  const abort = (): Promise<unknown> =>
    Promise.allSettled([bucket.ask([], (client, lib) => client.send(new lib.AbortMultipartUploadCommand(place)))]);
  const sendPart = async (index: number): Promise<{ PartNumber: number; ETag: string | undefined }> => {
    const part = {
      ...place,
      PartNumber: index + 1,
      Body: bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    };
    const { ETag } = await bucket.ask([], (client, lib) => client.send(new lib.UploadPartCommand(part)));
    return { PartNumber: part.PartNumber, ETag };
  };
  try {
    const Parts = await mapAtOnce(Math.ceil(bytes.byteLength / PART_BYTES), sendPart);
    const whole = { ...place, MultipartUpload: { Parts } };
    return {
      complete: (condition) =>
        bucket.ask(expectedFor(condition), (client, lib) =>
          client.send(new lib.CompleteMultipartUploadCommand({ ...whole, ...condition })),
        ),
      abort,
    };
  } catch (error) {
    await abort();
    throw error;
  }
}

/** The results for 0 to `count` - 1, in order. After a failure nothing new begins, and what has begun is waited for. */
async function mapAtOnce<T>(count: number, send: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      try {
        results[index] = await send(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, work));
  const failed = settled.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  return results;
}
