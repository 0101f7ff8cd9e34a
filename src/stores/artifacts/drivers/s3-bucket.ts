/** A bucket to send commands to: the SDK is imported and its client made on the first one; its errors become ours. */

import type { S3Client } from "@aws-sdk/client-s3";
import { isTrilithError, messageOf } from "../../../core/errors.ts";
import { importLibrary } from "../../../core/optional-library.ts";
import { type BucketTrouble, BucketUnusableError } from "../errors.ts";

/** What `@aws-sdk/client-s3` exports, as far as it is used here. */
export type S3Library = Pick<
  typeof import("@aws-sdk/client-s3"),
  | "S3Client"
  | "GetObjectCommand"
  | "PutObjectCommand"
  | "HeadObjectCommand"
  | "CopyObjectCommand"
  | "DeleteObjectCommand"
  | "ListObjectsV2Command"
  | "CreateMultipartUploadCommand"
  | "UploadPartCommand"
  | "CompleteMultipartUploadCommand"
  | "AbortMultipartUploadCommand"
>;

/** Where the bucket is, and who asks. */
export interface S3BlobsOptions {
  readonly bucket: string;
  /** Before every key, with a `/` after it. */
  readonly prefix?: string;
  /** Default: what the SDK finds (AWS_REGION, the profile); `us-east-1` with an endpoint. */
  readonly region?: string;
  /** Of a server that is not AWS's, as in `http://127.0.0.1:9000`. */
  readonly endpoint?: string;
  /** Whether the bucket is in the path instead of the host name. Default: with an endpoint. */
  readonly forcePathStyle?: boolean;
  /** Default: what the SDK finds (environment, profile, role). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Default: the installed `@aws-sdk/client-s3`. */
  readonly lib?: S3Library;
}

/** What a bucket answers, or how it cannot. */
export interface Bucket {
  readonly name: string;
  /** Runs commands. @throws {BucketUnusableError}, and the SDK's own errors for the `expected` HTTP statuses */
  ask<T>(expected: readonly number[], send: SendTo<T>): Promise<T>;
}

export type SendTo<T> = (client: S3Client, lib: S3Library) => Promise<T>;

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 300_000;

export function openBucket(options: S3BlobsOptions): Bucket {
  let opened: Promise<{ client: S3Client; lib: S3Library }> | undefined;
  const where = `s3://${options.bucket}${options.endpoint === undefined ? "" : ` of ${options.endpoint}`}`;
  return {
    name: options.bucket,
    async ask(expected, send) {
      opened ??= connect(options);
      const { client, lib } = await opened;
      try {
        return await send(client, lib);
      } catch (cause) {
        const status = statusOf(cause);
        if (isTrilithError(cause) || (status !== undefined && expected.includes(status) && !isBucketMissing(cause))) {
          throw cause;
        }
        throw new BucketUnusableError({ where, trouble: troubleOf(cause), reason: reasonOf(cause) }, cause);
      }
    },
  };
}

async function connect(options: S3BlobsOptions): Promise<{ client: S3Client; lib: S3Library }> {
  const { endpoint, region, credentials, forcePathStyle = endpoint !== undefined } = options;
  const lib =
    options.lib ?? (await importLibrary("@aws-sdk/client-s3", "Artifacts on S3", () => import("@aws-sdk/client-s3")));
  const elsewhere = endpoint === undefined ? {} : { endpoint, region: "us-east-1", ...PLAIN_CHECKSUMS };
  const client = new lib.S3Client({
    ...elsewhere,
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  return { client, lib };
}

/** Not every compatible server knows AWS's newer checksums; the bytes are checked against their hash in any case. */
const PLAIN_CHECKSUMS = {
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
} as const;

/** The HTTP status of an error of the SDK; `undefined` when no server answered. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata as { httpStatusCode?: number }; // every ServiceException of the SDK has it
  return metadata.httpStatusCode;
}

const isBucketMissing = (error: unknown): boolean => error instanceof Error && error.name === "NoSuchBucket";

function troubleOf(error: unknown): BucketTrouble {
  const status = statusOf(error);
  if (isBucketMissing(error)) return "bucket-missing";
  if (status === 401 || status === 403) return "access-denied";
  if (error instanceof Error && error.name === "CredentialsProviderError") return "credentials-missing";
  return status === undefined || status >= 500 ? "unreachable" : "refused";
}

/** An answer without a body has no message: then the status and the name say what they can. */
function reasonOf(error: unknown): string {
  const status = statusOf(error);
  const message = messageOf(error);
  if (status === undefined) return message;
  return message === "" || message === "UnknownError" ? `HTTP ${status}` : `HTTP ${status}: ${message}`;
}
