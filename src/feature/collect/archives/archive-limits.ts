/**
 * What an archive may hold, the same for every kind: names that stay inside, no links, so many files and bytes.
 * Nothing of an archive is ever written to disk; the limits keep memory and time.
 */

import { ArchiveTooLargeError, ArchiveUnsafeError } from "../../errors.ts";

/** Limits of one archive. */
export interface ArchiveLimits {
  readonly maxEntries: number;
  /** Of one entry, uncompressed, when it is read. */
  readonly maxEntryBytes: number;
  /** Of all that is read, uncompressed. */
  readonly maxTotalBytes: number;
  /** Uncompressed to compressed bytes, of an entry over a MiB. */
  readonly maxRatio: number;
}

/** A year of a busy account fits many times over; a bomb does not. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 200_000,
  maxEntryBytes: 512 * 2 ** 20,
  maxTotalBytes: 2 * 2 ** 30,
  maxRatio: 200,
};
const MIB = 2 ** 20;

/**
 * Checks that a name stays inside the archive.
 *
 * @throws {ArchiveUnsafeError} for `../`, absolute paths, drive letters, backslashes and control characters
 */
export function assertSafeName(archive: string, name: string): void {
  const problem = problemOf(name);
  if (problem !== undefined) throw new ArchiveUnsafeError(archive, name, problem);
}

function problemOf(name: string): string | undefined {
  if (name === "" || name.length > 4096) return "has no usable name";
  if (/[\u0000-\u001F\u007F]/.test(name)) return "has a control character in its name";
  if (/^(?:[\\/]|[a-z]:)/i.test(name)) return "has an absolute path";
  if (name.includes("\\")) return "has a backslash in its path";
  return name.split("/").includes("..") ? "has a path that leads out of the archive" : undefined;
}

/** Checks sizes as an archive declares them. @throws {ArchiveTooLargeError} */
export function assertRatio(
  archive: string,
  sizes: { bytes: number; packed: number; name: string },
  maxRatio: number,
): void {
  const { bytes, packed, name } = sizes;
  if (bytes <= MIB || bytes <= maxRatio * Math.max(packed, 1)) return;
  throw new ArchiveTooLargeError(
    archive,
    `${name} grows from ${packed} to ${bytes} bytes`,
    `at most ${maxRatio} times`,
  );
}

/** Counts what is read of one archive, and stops it at the limits. */
export function byteCounter(archive: string, limits: ArchiveLimits): { add(name: string, bytes: number): void } {
  const { maxEntryBytes, maxTotalBytes } = limits;
  let total = 0;
  let current = { name: "", bytes: 0 };
  return {
    add(name, bytes) {
      if (current.name !== name) current = { name, bytes: 0 };
      current.bytes += bytes;
      total += bytes;
      if (current.bytes > maxEntryBytes) {
        throw new ArchiveTooLargeError(archive, `${name} is larger`, `at most ${maxEntryBytes} bytes a file`);
      }
      if (total > maxTotalBytes) {
        throw new ArchiveTooLargeError(archive, "its texts are larger together", `at most ${maxTotalBytes} bytes`);
      }
    },
  };
}
