/** A place for artifacts as one setting: `s3://bucket/prefix?endpoint=…&region=…`, or `file:///folder`. */

import { fileURLToPath } from "node:url";
import type { BlobDriver } from "./driver.ts";
import { filesBlobs } from "./drivers/files.ts";
import { s3Blobs } from "./drivers/s3.ts";
import type { S3BlobsOptions } from "./drivers/s3-bucket.ts";
import { ArtifactsUrlError } from "./errors.ts";

const PARAMETERS = ["endpoint", "region", "path-style"];

/**
 * The driver that a URL names. Keys are read from `env` (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN),
 * never from the URL; without them the SDK looks where it always does.
 *
 * @throws {ArtifactsUrlError} (`artifacts-url-invalid`)
 */
export function blobsFromUrl(url: string, env: Readonly<Record<string, string | undefined>>): BlobDriver {
  if (!URL.canParse(url)) throw new ArtifactsUrlError(url, "it is no URL");
  const parsed = new URL(url);
  if (parsed.password !== "" || parsed.username !== "") {
    throw new ArtifactsUrlError(`${parsed.protocol}//…`, "keys do not belong into it");
  }
  if (parsed.protocol === "file:") return filesBlobs({ folder: fileURLToPath(parsed) });
  if (parsed.protocol === "s3:") return s3Blobs(parseBucket(parsed, env));
  throw new ArtifactsUrlError(url, `its scheme is ${parsed.protocol}`);
}

function parseBucket(url: URL, env: Readonly<Record<string, string | undefined>>): S3BlobsOptions {
  if (url.hostname === "") throw new ArtifactsUrlError(url.href, "it has no bucket");
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw new ArtifactsUrlError(url.href, `it has the parameter ${unknown}`);
  const [endpoint, region, pathStyle] = PARAMETERS.map((name) => url.searchParams.get(name) ?? undefined);
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) {
    throw new ArtifactsUrlError(url.href, `its endpoint is ${JSON.stringify(endpoint)}`);
  }
  const named = region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  const [accessKeyId, secretAccessKey] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]];
  const sessionToken = env["AWS_SESSION_TOKEN"];
  return {
    bucket: url.hostname,
    prefix: url.pathname,
    ...(named === undefined ? {} : { region: named }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { forcePathStyle: pathStyle === "true" }),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
  };
}
