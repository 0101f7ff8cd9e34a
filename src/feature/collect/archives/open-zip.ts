/** A ZIP archive by its directory: every name and size is checked before anything is read, and entries are streamed. */

import type { Entry, ZipFile } from "yauzl";
import { isTrilithError } from "../../../core/errors.ts";
import { ArchiveTooLargeError, ArchiveUnreadableError, ArchiveUnsafeError } from "../../errors.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits, assertRatio, assertSafeName, byteCounter } from "./archive-limits.ts";

/** An open archive; close it. */
export interface ZipArchive {
  /** Of files, in the order of the archive, without folders. */
  readonly names: readonly string[];
  /** The bytes of a file, piece by piece, counted against the limits. */
  stream(name: string): AsyncIterable<Uint8Array>;
  close(): void;
}

const SYMBOLIC_LINK = 0o120000;
const FILE_TYPE = 0o170000;

/**
 * Opens an archive by its path or its bytes.
 *
 * @throws {ArchiveUnsafeError} for names that lead out, links, two files of one name
 * @throws {ArchiveTooLargeError} for too many files, and for bombs
 * @throws {ArchiveUnreadableError} when it is damaged or locked by a password
 */
export async function openZip(
  archive: string | Uint8Array,
  source: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<ZipArchive> {
  const { fromBufferPromise, openPromise } = await import("yauzl");
  const options = { autoClose: false, lazyEntries: true, decodeStrings: false, validateEntrySizes: true };
  const explain = (error: unknown): Error =>
    isTrilithError(error) ? error : new ArchiveUnreadableError(source, error);
  let zip: ZipFile | undefined;
  try {
    zip =
      typeof archive === "string"
        ? await openPromise(archive, options)
        : await fromBufferPromise(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength), options);
    return openedZip(zip, await readDirectory(zip, source, limits), { source, limits, explain });
  } catch (error) {
    zip?.close();
    throw explain(error);
  }
}

interface OpenedOptions {
  readonly source: string;
  readonly limits: ArchiveLimits;
  explain(error: unknown): Error;
}

function openedZip(zip: ZipFile, entries: ReadonlyMap<string, Entry>, options: OpenedOptions): ZipArchive {
  const counter = byteCounter(options.source, options.limits);
  return {
    names: [...entries.keys()],
    async *stream(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw new ArchiveUnreadableError(options.source, new Error(`it holds no ${name}`));
      try {
        for await (const piece of await zip.openReadStreamPromise(entry)) {
          const bytes: Uint8Array = piece; // a stream of a ZIP entry gives buffers
          counter.add(name, bytes.byteLength);
          yield bytes;
        }
      } catch (error) {
        throw options.explain(error);
      }
    },
    close: () => zip.close(),
  };
}

async function readDirectory(zip: ZipFile, source: string, limits: ArchiveLimits): Promise<Map<string, Entry>> {
  const { getFileNameLowLevel } = await import("yauzl");
  if (zip.entryCount > limits.maxEntries) throw tooMany(source, zip.entryCount, limits);
  const entries = new Map<string, Entry>();
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
    assertSafeName(source, name);
    if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMBOLIC_LINK) {
      throw new ArchiveUnsafeError(source, name, "is a link");
    }
    if (entries.has(name)) throw new ArchiveUnsafeError(source, name, "stands in it twice");
    if (entry.isEncrypted()) throw new ArchiveUnreadableError(source, new Error(`${name} is locked by a password`));
    assertRatio(source, { bytes: entry.uncompressedSize, packed: entry.compressedSize, name }, limits.maxRatio);
    total += entry.uncompressedSize;
    if (!name.endsWith("/")) entries.set(name, entry);
    if (entries.size > limits.maxEntries) throw tooMany(source, entries.size, limits);
  }
  // Entries that share their bytes: each has a fair ratio, and all of them together have not.
  assertRatio(source, { bytes: total, packed: zip.fileSize, name: "all of it" }, limits.maxRatio);
  return entries;
}

const tooMany = (source: string, count: number, { maxEntries }: ArchiveLimits): ArchiveTooLargeError =>
  new ArchiveTooLargeError(source, `it holds ${count} files`, `at most ${maxEntries}`);
