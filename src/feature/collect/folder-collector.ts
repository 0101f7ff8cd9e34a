/** Texts on this machine: a file, or a folder with everything under it that is a text and is not hidden. */

import type { Stats } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import type { DocumentDraft, DraftCollector } from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { headingText } from "../../text/index.ts";
import { FilesUnreadableError, FolderEmptyError, FolderMissingError, SourceTooLargeError } from "../errors.ts";
import { decodeText } from "./decode-text.ts";
import { readFrontMatter } from "./front-matter.ts";

/** Limits of the folder collector. */
export interface FolderCollectorOptions {
  /** Of one file. Default 8 MiB. */
  readonly maxBytes?: number;
}

const FORMATS: Readonly<Record<string, "markdown" | "html" | "text">> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".dj": "markdown",
  ".html": "html",
  ".htm": "html",
  ".txt": "text",
};

/**
 * Collects files and folders. A document's source is the path as it was given, joined with `/`, so that the same
 * folder collected again by the same path gives the same documents. Files are taken in order of their paths.
 */
export function folderCollector({ maxBytes = 8 * 2 ** 20 }: FolderCollectorOptions = {}): DraftCollector {
  return {
    name: "folder",
    isWhole: true,
    accepts: (link) => link.trim() !== "" && !/^[a-z][a-z0-9+.-]*:\/\//i.test(link),
    async *collect(link, { signal } = {}) {
      const given = link.replaceAll(sep, "/").replace(/(?<=.)\/+$/, "");
      const root = await statOf(link);
      const paths = root.isDirectory() ? await textFilesUnder(link) : [""];
      const problems: string[] = [];
      let count = 0;
      for (const path of paths) {
        signal?.throwIfAborted();
        const source = path === "" ? given : `${given === "/" ? "" : given}/${path}`;
        try {
          const draft = await readDraft(path === "" ? link : join(link, path), source, maxBytes);
          if (draft === undefined) continue;
          count++;
          yield draft;
        } catch (error) {
          problems.push(`${source}: ${messageOf(error)}`);
        }
      }
      if (problems.length > 0) throw new FilesUnreadableError(link, problems);
      if (count === 0) throw new FolderEmptyError(link, Object.keys(FORMATS));
    },
  };
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new FolderMissingError(path, cause);
  }
}

/** Paths relative to the folder, with `/`, in order. Links are followed inside the folder only, and no file is taken twice. */
async function textFilesUnder(folder: string): Promise<string[]> {
  const inside = await realpath(folder);
  const seen = new Set<string>();
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const real = await realpath(join(folder, path)).catch(() => undefined); // a link to nothing
    if (real === undefined || seen.has(real) || !isWithin(real, inside)) return;
    seen.add(real);
    if (formatOf(path) !== undefined && (await stat(real)).isFile()) found.push(path);
    else if ((await stat(real)).isDirectory()) {
      for (const name of (await readdir(real)).sort()) {
        if (!name.startsWith(".") && name !== "node_modules") await walk(path === "" ? name : `${path}/${name}`);
      }
    }
  };
  await walk("");
  return found;
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

const formatOf = (path: string): "markdown" | "html" | "text" | undefined =>
  FORMATS[/\.[^./\\]+$/.exec(path)?.[0].toLowerCase() ?? ""];

/** The file as a draft, or `undefined` for one that is empty, of another kind, or asks to be left out. */
async function readDraft(path: string, source: string, maxBytes: number): Promise<DocumentDraft | undefined> {
  const format = formatOf(path);
  if (format === undefined) return undefined;
  const { size } = await stat(path);
  if (size > maxBytes) throw new SourceTooLargeError(source, maxBytes);
  const text = decodeText(await readFile(path));
  if (text.includes("\0")) throw new TypeError("it is not a text");
  const origin = { kind: "note", platform: "folder", source } as const;
  if (format === "html") {
    if (text.trim() === "") return undefined;
    const { extractArticle } = await import("./extract-article.ts"); // the parsers load when a page is met
    const { title, publishedAt, markdown } = extractArticle(text, source);
    return {
      ...origin,
      title: title === source ? nameOf(path) : title,
      format: "markdown",
      content: markdown,
      publishedAt,
    };
  }
  const head = readFrontMatter(text);
  const body = text.slice(head.length);
  if (head.isIgnored || body.trim() === "") return undefined;
  const title = head.title ?? (format === "markdown" ? firstHeading(body) : firstLine(body)) ?? nameOf(path);
  return { ...origin, title, format, content: text, publishedAt: head.publishedAt ?? null };
}

function firstHeading(body: string): string | undefined {
  const heading = /^ {0,3}#{1,2} .+$/m.exec(body)?.[0] ?? /^(\S.*)\r?\n=+[ \t]*$/m.exec(body)?.[1];
  return heading === undefined ? undefined : headingText(heading) || undefined;
}

/** Of a plain text: its first line, where that is short and stands alone. */
function firstLine(body: string): string | undefined {
  return /^\s*(\S.{0,98}\S)[ \t]*\r?\n[ \t]*(?:\r?\n|$)/.exec(body)?.[1];
}

const nameOf = (path: string): string => basename(path).replace(/\.[^.]+$/, "");
