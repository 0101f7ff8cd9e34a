/**
 * Reads a folder of documents, whoever made it: JSON lines (gzip-compressed or not) with one document a line, and
 * Markdown or text files of one document each. Files are read in the order of their names, one at a time.
 */

import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { hashBytes, shortHash } from "../core/hash.ts";
import type { ProseDocument } from "./document.ts";
import { DocumentRowError, NoDocumentsError } from "./errors.ts";

const Row = z.object({
  text: z.string(),
  id: z.string().optional(),
  source: z.string().optional(),
  path: z.string().optional(),
  kind: z.string().default("text"),
  licence: z.string().optional(),
  license: z.string().optional(),
});

/** The kind of document that a file is, by how its name ends; others are passed over. */
const KINDS = { ".md": "technical", ".markdown": "technical", ".dj": "technical", ".txt": "text" } as const;

const JSON_LINES = /\.jsonl(\.gz)?$/;
/** Pages that are about the JSON lines beside them, not of them. */
const ABOUT_COLLECTION = /^(readme|manifest|licen[cs]e|notice)\.(md|markdown|txt)$/i;

/** A document, and whether it lies in a file whose name begins with `held-out`. */
export interface FoundDocument extends ProseDocument {
  readonly heldOut: boolean;
}

/**
 * The documents of the folder and its subfolders.
 *
 * @throws {NoDocumentsError} (`pretraining-documents-missing`) when there is no file of a known kind
 * @throws {DocumentRowError} (`pretraining-row-invalid`) at a line that is no document
 */
export async function* readDocuments(folder: string): AsyncGenerator<FoundDocument> {
  let fileCount = 0;
  const paths = await filesOf(folder);
  const isCollection = paths.some((path) => JSON_LINES.test(path));
  for (const path of paths) {
    if (isCollection && ABOUT_COLLECTION.test(basename(path))) continue;
    const heldOut = basename(path).startsWith("held-out");
    const kind = Object.entries(KINDS).find(([ending]) => path.endsWith(ending))?.[1];
    if (JSON_LINES.test(path)) {
      for await (const document of readJsonLines(folder, path)) yield { ...document, heldOut };
    } else if (kind !== undefined) {
      const text = await readFile(join(folder, path), "utf8");
      yield { id: idOf(text), source: basename(folder), path, kind, licence: null, text, heldOut };
    } else {
      continue;
    }
    fileCount++;
  }
  if (fileCount === 0) throw new NoDocumentsError(folder, "none of its files is of a known kind");
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."));
    return files
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(folder.length)
          .replace(/^[/\\]+/, ""),
      )
      .sort();
  } catch (error) {
    throw new NoDocumentsError(folder, messageOf(error), error);
  }
}

/** Whether a file of the folder is named as held out. */
export async function hasHeldOutFiles(folder: string): Promise<boolean> {
  return (await filesOf(folder)).some((path) => basename(path).startsWith("held-out"));
}

/** Every text of the folder, of documents and of JSON files, whatever the texts there are called. */
export async function* readTexts(folder: string): AsyncGenerator<string> {
  const json = (await filesOf(folder)).filter((path) => path.endsWith(".json"));
  for (const path of json) {
    const texts: string[] = [];
    JSON.parse(await readFile(join(folder, path), "utf8"), (_key, value) => {
      if (typeof value === "string") texts.push(value);
    });
    yield* texts;
  }
  try {
    for await (const { text } of readDocuments(folder)) yield text;
  } catch (error) {
    if (!(error instanceof NoDocumentsError && json.length > 0)) throw error;
  }
}

async function* readJsonLines(folder: string, path: string): AsyncGenerator<ProseDocument> {
  let number = 0;
  for await (const line of linesOf(join(folder, path))) {
    number++;
    if (line.trim() === "") continue;
    let row: z.infer<typeof Row>;
    try {
      row = Row.parse(JSON.parse(line));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : messageOf(error);
      throw new DocumentRowError({ file: path, line: number, why }, error);
    }
    yield {
      id: row.id ?? idOf(row.text),
      source: row.source ?? basename(folder),
      path: row.path ?? `${path}:${number}`,
      kind: row.kind,
      licence: row.licence ?? row.license ?? null,
      text: row.text,
    };
  }
}

/** Lines as JSON has them: `readline` would also split at U+2028, which its strings may hold. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const unpacked = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  file.on("error", (error) => unpacked.destroy(error));
  let rest = "";
  for await (const piece of unpacked.setEncoding("utf8")) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const idOf = (text: string): string => shortHash(hashBytes(text));
