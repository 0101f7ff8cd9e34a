/** Texts on this machine: a file, or a folder with everything under it that is a text and is not hidden. */

import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import type { Sighting, Validators } from "../../contracts/crawl-state.ts";
import type { Collector, CollectRequest, DocumentDraft, Finding, SkippedSource } from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { FilesUnreadableError, FolderEmptyError, FolderMissingError, SourceTooLargeError } from "../errors.ts";
import { fileKindOf, TEXT_ENDS } from "./files/file-kinds.ts";
import type { FileReading } from "./files/file-text.ts";
import { readFileText } from "./files/read-file.ts";
import { walkFiles } from "./files/walk-files.ts";

/** Limits of the folder collector. */
export interface FolderCollectorOptions {
  /** Of one text file. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Of one PDF or Word document. Default 64 MiB. */
  readonly maxDocumentBytes?: number;
}

/**
 * Collects files and folders: Markdown, HTML, text, PDF, Word, notebooks and code. A document's source is the path as it
 * was given, joined with `/`, so that the same folder collected again by the same path gives the same documents. Files
 * are taken in order of their paths, one at a time; each that holds text and is not taken is yielded with its reason. A
 * file of the size and the dates that it had when it was last read whole is not read again.
 */
export function folderCollector(options: FolderCollectorOptions = {}): Collector {
  return {
    name: "folder",
    isWhole: true,
    accepts: (link) => link.trim() !== "" && !/^[a-z][a-z0-9+.-]*:\/\//i.test(link),
    async *collect(link, request = {}) {
      const given = withoutEnd(link);
      if ((await statOf(link)).isDirectory()) {
        yield* findFiles(walkFiles(link), { folder: link, given, ...options, ...request });
      } else yield* collectFile(link, given, options);
    },
  };
}

/** A folder's path as it stands in sources: with `/`, and without one at its end. */
export const withoutEnd = (link: string): string => link.replaceAll(sep, "/").replace(/(?<=.)\/+$/, "");

/** What to read, and as what. */
export interface CollectFilesOptions extends FolderCollectorOptions {
  readonly folder: string;
  /** The folder as it stands in sources. */
  readonly given: string;
  /** What every document of the folder has in common; a note from a folder by default. */
  readonly origin?: Partial<Pick<DocumentDraft, "kind" | "platform" | "licence">>;
  /** By path; what the text says by default. */
  readonly titleOf?: (path: string) => string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The texts of files, one after the other.
 *
 * @param files  paths from the folder, with `/`, and folders and files that were passed over
 * @throws {FolderEmptyError} when none is a text
 * @throws {FilesUnreadableError} when none could be taken, and some should
 */
export async function* collectFiles(
  files: AsyncIterable<string | SkippedSource>,
  options: CollectFilesOptions,
): AsyncGenerator<DocumentDraft | SkippedSource> {
  for await (const found of findFiles(files, options)) if (!("state" in found)) yield found;
}

/** The texts of files, and those that are as they were last seen. */
async function* findFiles(
  files: AsyncIterable<string | SkippedSource>,
  options: CollectFilesOptions & Pick<CollectRequest, "lastSeen">,
): AsyncGenerator<Finding> {
  const { folder, given, origin, titleOf, signal, lastSeen } = options;
  const problems: string[] = [];
  let count = 0;
  for await (const file of files) {
    signal?.throwIfAborted();
    const path = typeof file === "string" ? file : file.source;
    const source = `${given === "/" ? "" : given}/${path}`;
    // Stated before it is read: what is written meanwhile gives another state the next time.
    const validators = lastSeen && typeof file === "string" ? await fileState(join(folder, path)) : undefined;
    if (validators && isAsSeen(validators, await lastSeen?.(source))) {
      count++;
      yield { source, state: "unchanged" };
      continue;
    }
    const reading = typeof file === "string" ? await readAt(join(folder, path), { path, source }, options) : file;
    if ("text" in reading && reading.text) {
      count++;
      const title = titleOf?.(path) ?? reading.text.title;
      const isWhole = reading.remarks.length === 0;
      const draft = { kind: "note", platform: "folder", ...origin, ...reading.text, title, source } as const;
      yield validators && isWhole ? { ...draft, validators } : draft;
      for (const remark of reading.remarks) yield { source, reason: remark };
    } else if (reading.reason !== undefined) {
      if (typeof file === "string" && problems.length < 20) problems.push(`${source}: ${reading.reason}`);
      yield { source, reason: reading.reason };
    }
  }
  if (count > 0) return;
  if (problems.length > 0) throw new FilesUnreadableError(given, problems);
  throw new FolderEmptyError(given, TEXT_ENDS);
}

async function* collectFile(
  path: string,
  source: string,
  limits: FolderCollectorOptions,
): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { size } = await statOf(path);
  if (size > maxBytesOf(path, limits)) throw new SourceTooLargeError(source, maxBytesOf(path, limits));
  const reading = await readAt(path, { path: basename(path), source }, limits);
  if (reading.text === undefined) {
    if (reading.reason === undefined) throw new FolderEmptyError(path, TEXT_ENDS);
    throw new FilesUnreadableError(path, [`${source}: ${reading.reason}`]);
  }
  yield { kind: "note", platform: "folder", ...reading.text, source };
  for (const remark of reading.remarks) yield { source, reason: remark };
}

/** What tells that a file was written: its size and, to the nanosecond, its dates. */
async function fileState(file: string): Promise<Validators | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && { etag: `file ${found.size} ${found.mtimeNs} ${found.ctimeNs}`, lastModified: null };
}

function isAsSeen({ etag }: Validators, seen: Sighting | undefined): boolean {
  return seen !== undefined && seen.goneAt === null && seen.etag === etag;
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new FolderMissingError(path, cause);
  }
}

function maxBytesOf(path: string, limits: FolderCollectorOptions): number {
  const { maxBytes = 8 * 2 ** 20, maxDocumentBytes = 64 * 2 ** 20 } = limits;
  return /^(?:pdf|docx)$/.test(fileKindOf(path).reads) ? maxDocumentBytes : maxBytes;
}

/** The file's reading; what the file system refuses is a reason too. */
async function readAt(
  file: string,
  origin: { readonly path: string; readonly source: string },
  limits: FolderCollectorOptions,
): Promise<FileReading> {
  const kind = fileKindOf(origin.path);
  if (kind.reads === "nothing") return kind.reason === undefined ? {} : { reason: kind.reason };
  try {
    const { size } = await stat(file);
    const maxBytes = maxBytesOf(origin.path, limits);
    if (size > maxBytes) {
      return kind.reads === "unknown" ? {} : { reason: `it is larger than ${maxBytes} bytes` };
    }
    return await readFileText(await readFile(file), origin);
  } catch (error) {
    return { reason: messageOf(error) };
  }
}
