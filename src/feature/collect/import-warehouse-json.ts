/** The reference system's warehouse export: four JSON files, one a class, as its `data_warehouse` tool writes them. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DocumentDraft, SaveOutcome, Warehouse } from "../../contracts/documents.ts";
import { parseWith } from "../../core/schema.ts";
import { WarehouseExportError } from "../errors.ts";
import { toIsoDate } from "./iso-date.ts";
import { platformName } from "./platform.ts";
import { unwrapLines } from "./unwrap-lines.ts";

/** What an import found and did. */
export interface ImportReport {
  readonly authors: readonly string[];
  /** Documents by what saving them did. */
  readonly counts: Readonly<Record<SaveOutcome, number>>;
  readonly documentIds: readonly string[];
}

const User = z.object({ first_name: z.string(), last_name: z.string() });
const Exported = z.object({
  _id: z.string(),
  content: z.record(z.string(), z.string().nullable()),
  platform: z.string(),
  author_full_name: z.string(),
  link: z.string().nullish(),
  name: z.string().nullish(),
});
type Exported = z.infer<typeof Exported>;

/** Files by the class that they hold, each with how one of its documents becomes drafts. */
const CLASSES: readonly (readonly [file: string, toDrafts: (document: Exported) => DocumentDraft[]])[] = [
  ["ArticleDocument.json", toArticle],
  ["PostDocument.json", toPost],
  ["RepositoryDocument.json", toFiles],
];

/**
 * Imports an export folder: authors by their names, documents with a version each. Importing again changes nothing.
 *
 * @param folder  the `data_warehouse_raw_data` folder; a class without a file has no documents
 * @throws {WarehouseExportError} when a file is not what the export writes, or when none is there
 */
export async function importWarehouseJson(folder: string, warehouse: Warehouse): Promise<ImportReport> {
  const users = await readRows(join(folder, "UserDocument.json"), User);
  const classes = await Promise.all(
    CLASSES.map(async ([file, toDrafts]) => ({ rows: await readRows(join(folder, file), Exported), toDrafts })),
  );
  if (users === undefined && classes.every(({ rows }) => rows === undefined)) {
    throw new WarehouseExportError(folder, new Error("none of its files is there"));
  }
  for (const { first_name, last_name } of users ?? []) await warehouse.saveAuthor(`${first_name} ${last_name}`);
  const counts = { new: 0, changed: 0, unchanged: 0 };
  const documentIds: string[] = [];
  for (const { rows, toDrafts } of classes) {
    for (const row of rows ?? []) {
      const author = await warehouse.saveAuthor(row.author_full_name);
      for (const draft of toDrafts(row)) {
        const { document, outcome } = await warehouse.saveDocument(author, draft);
        counts[outcome]++;
        documentIds.push(document.id);
      }
    }
  }
  return { authors: (await warehouse.listAuthors()).map(({ fullName }) => fullName), counts, documentIds };
}

async function readRows<T>(file: string, schema: z.ZodType<T>): Promise<T[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new WarehouseExportError(file, error);
  }
  try {
    return parseWith(z.array(schema), JSON.parse(text), "the export");
  } catch (cause) {
    throw new WarehouseExportError(file, cause);
  }
}

function toArticle({ _id, content, platform, author_full_name, link }: Exported): DocumentDraft[] {
  const text = unwrapLines(content["Content"] ?? "");
  if (text.trim() === "") return [];
  return [
    {
      ...originOf(link ?? `article:${_id}`, platform),
      kind: "article",
      title: tidyTitle(content["Title"] ?? "", author_full_name) || "Untitled",
      format: "markdown",
      content: text,
      publishedAt: dateIn(text),
    },
  ];
}

function toPost({ _id, content, platform, link }: Exported): DocumentDraft[] {
  const text = Object.values(content).filter(Boolean).join("\n\n");
  if (text.trim() === "") return [];
  const title = /^\s*(\S[^\n]{0,79})/.exec(text)?.[1] ?? "Post";
  const origin = originOf(link ?? `post:${_id}`, platform);
  return [{ ...origin, kind: "post", title, format: "markdown", content: text, publishedAt: null }];
}

/** A repository is one document a file: whole repositories are no texts. */
function toFiles({ _id, content, platform, link, name }: Exported): DocumentDraft[] {
  return Object.entries(content).flatMap(([path, text]) => {
    if (!text?.trim()) return [];
    const isMarkdown = /\.(?:md|markdown)$/i.test(path);
    const language = /\.(\w+)$/.exec(path)?.[1] ?? "";
    const fence = "`".repeat(Math.max(3, 1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))));
    const origin = originOf(`${link ?? `repository:${_id}`}/${path}`, platform);
    const body = isMarkdown ? text : `${fence}${language}\n${text}\n${fence}`;
    const title = name ? `${name}/${path}` : path;
    return [{ ...origin, kind: "repository", title, format: "markdown", content: body, publishedAt: null }];
  });
}

/** A link is written as the article collector writes it, so that crawling it later finds the same document. */
function originOf(source: string, platform: string): Pick<DocumentDraft, "source" | "platform"> {
  const url = /^https?:/i.test(source) ? URL.parse(source) : null;
  if (url === null) return { source, platform };
  url.hash = "";
  return { source: url.href, platform: platformName(url) };
}

/** Page titles without what platforms add: ` - by Author - Newsletter`, ` - Author`, `Author - `. */
function tidyTitle(title: string, author: string): string {
  const bare = title.replace(/\s+/g, " ").trim();
  const start = bare.startsWith(`${author} - `) ? bare.slice(author.length + 3) : bare;
  if (start.endsWith(` - ${author}`)) return start.slice(0, -author.length - 3).trim();
  return start.replace(/ - by [^-]+(?: - [^-]+)?$/, "").trim();
}

/** A line in the head of the text that is only a date: where platforms show when it was published. */
function dateIn(text: string): string | null {
  const line = /^(?:\p{Lu}\p{L}{2,8}\.? \d{1,2}, \d{4}|\d{4}-\d{2}-\d{2})$/mu.exec(text.slice(0, 3000))?.[0];
  return line === undefined ? null : toIsoDate(line);
}
