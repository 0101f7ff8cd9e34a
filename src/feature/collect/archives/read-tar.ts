/** A gzipped tar archive as it comes: one entry after the other, none of them held, nothing written. */

import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { isTrilithError } from "../../../core/errors.ts";
import { ArchiveTooLargeError, ArchiveUnreadableError, ArchiveUnsafeError } from "../../errors.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits, assertRatio, assertSafeName } from "./archive-limits.ts";

/** One entry that is a file or a link, while it is passing. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isLink: boolean;
  /** The archive's own remark: of a repository's archive, the commit. */
  readonly comment: string | undefined;
  /** Its bytes; what is not read before the next entry is passed over. */
  read(): Promise<Uint8Array>;
}

/**
 * The entries of a `.tar.gz`, in order.
 *
 * @throws {ArchiveUnsafeError} for names that lead out and two files of one name
 * @throws {ArchiveTooLargeError} for too many entries or bytes, and for bombs
 * @throws {ArchiveUnreadableError} when it is damaged or cut off
 */
export async function* readTar(
  packed: AsyncIterable<Uint8Array>,
  source: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): AsyncGenerator<TarEntry> {
  const { extract } = await import("tar-stream");
  const meter = { packed: 0, bytes: 0, name: "all of it" };
  let comment: string | undefined;
  const entries = extract();
  pipeline(
    Readable.from(counted(packed, (bytes) => (meter.packed += bytes))),
    createGunzip(),
    async function* (unpacked: AsyncIterable<Uint8Array>) {
      for await (const piece of unpacked) {
        if (meter.bytes === 0) comment = commentIn(piece);
        meter.bytes += piece.byteLength;
        assertRatio(source, meter, limits.maxRatio);
        if (meter.bytes > limits.maxTotalBytes) {
          throw new ArchiveTooLargeError(source, "it is larger unpacked", `at most ${limits.maxTotalBytes} bytes`);
        }
        yield piece;
      }
    },
    entries,
    () => undefined, // the reader below sees the error
  );
  const seen = new Set<string>();
  try {
    for await (const entry of entries) {
      const { name, size = 0, type } = entry.header;
      assertSafeName(source, name);
      if (seen.has(name)) throw new ArchiveUnsafeError(source, name, "stands in it twice");
      seen.add(name);
      if (seen.size > limits.maxEntries) {
        throw new ArchiveTooLargeError(source, `it holds ${seen.size} files`, `at most ${limits.maxEntries}`);
      }
      const isFile = type === "file" || type === "contiguous-file";
      if (isFile || type === "symlink" || type === "link") {
        const read = (): Promise<Uint8Array> => readEntry(entry, source);
        yield { name, sizeBytes: size, isLink: !isFile, comment, read };
      }
      entry.resume();
    }
  } catch (error) {
    throw isTrilithError(error) ? error : new ArchiveUnreadableError(source, error);
  }
}

async function readEntry(entry: unknown, source: string): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of entry as AsyncIterable<Buffer>) pieces.push(piece); // a tar entry's stream gives buffers
  } catch (error) {
    throw isTrilithError(error) ? error : new ArchiveUnreadableError(source, error);
  }
  return Buffer.concat(pieces);
}

async function* counted(pieces: AsyncIterable<Uint8Array>, add: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    add(piece.byteLength);
    yield piece;
  }
}

/** git writes the commit as a remark into a first, global header: `52 comment=…`. @source git archive, FORMAT tar */
const commentIn = (start: Uint8Array): string | undefined =>
  /^pax_global_header\0[^]{494}\d+ comment=([0-9a-f]{40})\n/.exec(
    Buffer.from(start.subarray(0, 1024)).toString("latin1"),
  )?.[1];
