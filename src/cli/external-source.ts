/** A file or URL that is not Trilith's: read whole, or piece by piece where only its hash is wanted. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { extname, resolve } from "node:path";
import { type ContentHash, hashBytes } from "../core/hash.ts";
import { UnreadableFileError } from "./errors.ts";

/** Where something outside is, and how to get at it. */
export interface ExternalSource {
  /** An absolute path, or the URL without the keys that may stand in it. */
  readonly place: string;
  readonly isRemote: boolean;
  /** In lower case, with its dot; empty without one. */
  readonly ending: string;
  /** @throws {UnreadableFileError} */
  stream(): AsyncIterable<Uint8Array>;
  /** @throws {UnreadableFileError} */
  read(): Promise<Uint8Array>;
}

/** The source that a path, or an http or https URL, names. Nothing is read yet. */
export function openSource(given: string, signal: AbortSignal): ExternalSource {
  const url = /^https?:\/\//.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  const place = url === undefined ? resolve(given) : withoutKeys(url);
  const stream = (): AsyncIterable<Uint8Array> =>
    told(place, signal, url === undefined ? fileOf(place) : bodyOf(url, signal));
  return {
    place,
    isRemote: url !== undefined,
    ending: extname(url?.pathname ?? given).toLowerCase(),
    stream,
    read: async () => Buffer.concat(await Array.fromAsync(stream())),
  };
}

/** Hash and size. A URL is not asked for what is known: then its size is 0, which is to say unknown. */
export async function measureSource(
  source: ExternalSource,
  known: { readonly content: Uint8Array | undefined; readonly expected: ContentHash | undefined },
): Promise<{ readonly hash: ContentHash; readonly sizeBytes: number }> {
  const { content, expected } = known;
  if (content !== undefined) return { hash: hashBytes(content), sizeBytes: content.byteLength };
  if (source.isRemote && expected !== undefined) return { hash: expected, sizeBytes: 0 };
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const piece of source.stream()) {
    hash.update(piece);
    sizeBytes += piece.byteLength;
  }
  return { hash: `sha256:${hash.digest("hex")}`, sizeBytes };
}

const fileOf = (path: string): AsyncIterable<Uint8Array> => createReadStream(path);

async function* bodyOf(url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const response = await fetch(withoutKeys(url), { signal, headers: keysOf(url) });
  if (!response.ok) throw new UnreadableFileError(withoutKeys(url), `HTTP ${response.status}`);
  if (response.body) yield* response.body;
}

async function* told(
  place: string,
  signal: AbortSignal,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (cause) {
    if (signal.aborted || cause instanceof UnreadableFileError) throw cause;
    throw new UnreadableFileError(place, cause);
  }
}

/** What a URL's user and password are as a header: `fetch` takes none in the URL. */
function keysOf({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const keys = [username, password].map(decodeURIComponent).join(":");
  return { authorization: `Basic ${Buffer.from(keys).toString("base64")}` };
}

function withoutKeys(url: URL): string {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare.href;
}
