/** What can be wrong with stored bytes. */

import { messageOf, TrilithError } from "../../core/errors.ts";
import type { ContentHash } from "../../core/hash.ts";

/** Thrown when nothing is stored under a hash. */
export class ArtifactMissingError extends TrilithError {
  override readonly code = "artifact-missing";
  readonly hash: ContentHash;

  constructor(hash: ContentHash, store: string) {
    super(
      `The ${store} artifact store holds no ${hash}; expected bytes with that hash. ` +
        "Run the step that makes it, or open the store it was put in.",
    );
    this.hash = hash;
  }
}

/** Thrown when the bytes under a hash have another hash. */
export class ArtifactCorruptError extends TrilithError {
  override readonly code = "artifact-corrupt";
  readonly hash: ContentHash;
  readonly found: ContentHash;

  constructor(hash: ContentHash, found: ContentHash, store: string) {
    super(
      `The ${store} artifact store has damaged bytes under ${hash} (their hash is ${found}); expected bytes with that hash. ` +
        "Run the step that makes it again, which replaces them, and check the disk.",
    );
    this.hash = hash;
    this.found = found;
  }
}

/** Thrown when the bytes cannot be written or read at all. */
export class ArtifactStoreUnusableError extends TrilithError {
  override readonly code = "artifact-store-unusable";
  override readonly usage = true;

  constructor(path: string, cause: unknown) {
    super(
      `The artifact file ${path} cannot be written or read (${messageOf(cause)}); ` +
        "expected a folder that can be written, with room on the disk. Check both, or choose another workspace folder.",
      { cause },
    );
  }
}

/** Why a bucket cannot be used, as far as the server tells. */
export type BucketTrouble = "bucket-missing" | "access-denied" | "credentials-missing" | "unreachable" | "refused";

const BUCKET_ADVICE: Readonly<Record<BucketTrouble, string>> = {
  "bucket-missing": "expected a bucket that exists. Make it, or correct the name in TRILITH_ARTIFACTS_URL.",
  "access-denied":
    "expected credentials that may read, write, delete and list there (s3:GetObject, s3:PutObject, s3:DeleteObject, " +
    "s3:ListBucket, s3:AbortMultipartUpload). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or widen the policy.",
  "credentials-missing":
    "expected credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is given.",
  unreachable: "expected a server that answers. Check endpoint= and region= in TRILITH_ARTIFACTS_URL, and the network.",
  refused: "expected a server that speaks S3. Check endpoint= and region= in TRILITH_ARTIFACTS_URL.",
};

/** Thrown when an S3 bucket cannot be written or read; `trouble` tells why. */
export class BucketUnusableError extends TrilithError {
  override readonly code = "bucket-unusable";
  override readonly usage = true;
  override readonly retryable: boolean;
  readonly trouble: BucketTrouble;

  constructor(
    found: { readonly where: string; readonly trouble: BucketTrouble; readonly reason: string },
    cause: unknown,
  ) {
    const { where, trouble, reason } = found;
    super(`The bucket ${where} cannot be used (${reason}); ${BUCKET_ADVICE[trouble]}`, { cause });
    this.trouble = trouble;
    this.retryable = trouble === "unreachable";
  }
}

/** Thrown when the URL of an artifact store is none. */
export class ArtifactsUrlError extends TrilithError {
  override readonly code = "artifacts-url-invalid";
  override readonly usage = true;

  constructor(url: string, reason: string) {
    super(
      `The URL ${JSON.stringify(url)} names no artifact store (${reason}); ` +
        "expected s3://bucket/prefix?endpoint=http://host:port&region=name, or file:///folder. Correct TRILITH_ARTIFACTS_URL.",
    );
  }
}
