/**
 * One file from a hub to a folder: into `<name>.part` first, which a download that was cut off goes on with, and under
 * its own name only when its hash is the one that the hub lists.
 */

import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../core/errors.ts";
import { HubDownloadError } from "./hub-errors.ts";

/** A file as the hub lists it. */
export interface HubFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the content by SHA-256, or as a git blob by SHA-1. */
  readonly hash: { readonly algorithm: "sha256" | "git-sha1"; readonly hex: string };
}

export interface DownloadOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  /** Where the file is to be. */
  readonly path: string;
  /** Told of bytes as they come; of what a download goes on with first. */
  onBytes?(count: number): void;
  readonly signal?: AbortSignal;
}

/** Times that a connection may break without one new byte. */
const BREAKS = 3;

/**
 * Downloads the file, or what is missing of it.
 *
 * @throws {HubDownloadError} (`hub-download-failed`) when the connection breaks again and again, the hub refuses, or the
 *   content has another hash; what has come is kept but in the last case
 */
export async function downloadFile(file: HubFile, options: DownloadOptions): Promise<void> {
  const part = `${options.path}.part`;
  await mkdir(dirname(options.path), { recursive: true });
  let received = await sizeOf(part);
  if (received > file.sizeBytes) {
    await rm(part);
    received = 0;
  }
  options.onBytes?.(received);
  for (let breaks = 0; received < file.sizeBytes; ) {
    const failure = await readOn(part, received, options).catch((error: unknown) => error);
    options.signal?.throwIfAborted();
    if (failure instanceof HubDownloadError) throw failure;
    const now = await sizeOf(part);
    breaks = now > received ? 0 : breaks + 1;
    received = now;
    if (breaks >= BREAKS) throw new HubDownloadError(file.name, `the connection broke: ${messageOf(failure)}`, true);
  }
  if (file.sizeBytes === 0) await pipeline(Readable.from([]), createWriteStream(part));
  const found = await hashOf(part, file);
  if (found !== file.hash.hex) {
    await rm(part);
    throw new HubDownloadError(file.name, `its hash is ${found}, and the hub lists ${file.hash.hex}`, true);
  }
  await rename(part, options.path);
}

/** Asks for what is behind the first `received` bytes and appends it; a server that sends all begins anew. */
async function readOn(part: string, received: number, options: DownloadOptions): Promise<void> {
  const range: Record<string, string> = received > 0 ? { range: `bytes=${received}-` } : {};
  const response = await options.fetch(options.url, {
    headers: { ...options.headers, ...range },
    ...(options.signal && { signal: options.signal }),
  });
  if (!response.ok || !response.body) {
    throw new HubDownloadError(options.url, `the hub answered ${response.status}`, response.status >= 500);
  }
  const goesOn = response.status === 206;
  if (!goesOn && received > 0) options.onBytes?.(-received);
  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      options.onBytes?.(piece.byteLength);
      yield piece;
    }
  }
  await pipeline(Readable.from(counted(response.body)), createWriteStream(part, { flags: goesOn ? "a" : "w" }));
}

/** Whether the file is there, as the hub lists it. */
export async function isWhole(path: string, file: HubFile): Promise<boolean> {
  return (await sizeOf(path)) === file.sizeBytes && existsSync(path) && (await hashOf(path, file)) === file.hash.hex;
}

async function hashOf(path: string, { hash, sizeBytes }: HubFile): Promise<string> {
  const digest: Hash = createHash(hash.algorithm === "sha256" ? "sha256" : "sha1");
  if (hash.algorithm === "git-sha1") digest.update(`blob ${sizeBytes}\0`);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(piece);
  return digest.digest("hex");
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}
