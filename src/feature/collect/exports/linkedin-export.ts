/** LinkedIn's export: posts, comments and articles. Messages and everything about others are left alone. */

import type { DocumentDraft, SkippedSource } from "../../../contracts/documents.ts";
import { parseHtml } from "../html-node.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { toIsoDate } from "../iso-date.ts";
import {
  type DataExport,
  type ExportArchive,
  exportPage,
  exportText,
  namesIn,
  orTooDeep,
  sourceInside,
  titleOfPost,
} from "./data-export.ts";
import { parseCsv } from "./parse-csv.ts";

/** @source https://www.linkedin.com/help/linkedin/answer/a1339364: the archive's files, by category */
export const linkedinExport: DataExport = {
  platform: "linkedin",
  title: "LinkedIn (Shares.csv, Comments.csv, Articles)",
  sign: /^(.*?\/)??(?:Shares\.csv|Comments\.csv|Connections\.csv|Articles\/(?:Articles\/)?[^/]+\.html)$/,
  async *read(archive) {
    yield* readTable(archive, { file: /^Shares\.csv$/, text: "ShareCommentary", link: "ShareLink", tags: [] });
    yield* readTable(archive, { file: /^Comments\.csv$/, text: "Message", link: "Link", tags: ["comment"] });
    for (const name of namesIn(archive, /^Articles\/.*\.html$/i))
      yield* orTooDeep(sourceInside(archive, name), readArticle(archive, name));
    for (const name of namesIn(archive, /^(?:messages|guide_messages|learning_coach_messages)\.csv$/i)) {
      yield { source: sourceInside(archive, name), reason: "private messages are not taken" };
    }
  },
};

interface Table {
  readonly file: RegExp;
  /** Columns. */
  readonly text: string;
  readonly link: string;
  readonly tags: string[];
}

async function* readTable(archive: ExportArchive, table: Table): AsyncGenerator<DocumentDraft | SkippedSource> {
  for (const name of namesIn(archive, table.file)) {
    const met = new Map<string, number>();
    let reshares = 0;
    for await (const row of parseCsv(exportText(archive, name))) {
      const content = unquoted(row.get(table.text) ?? "").trim();
      if (content === "") reshares++;
      if (content === "") continue;
      const date = row.get("Date") ?? "";
      const link = row.get(table.link)?.trim() ?? "";
      const base = /^https?:/.test(link) ? link : `${sourceInside(archive, name)}#${date}`;
      const count = (met.get(base) ?? 0) + 1; // two comments under one post have one link
      met.set(base, count);
      yield {
        kind: "post",
        platform: "linkedin",
        source:
          table.tags.length === 0 && count === 1
            ? base
            : `${base}#${date.replace(" ", "T")}${count > 1 ? `-${count}` : ""}`,
        title: titleOfPost(content),
        format: "text",
        content,
        publishedAt: toIsoDate(date),
        tags: table.tags,
      };
    }
    if (reshares > 0)
      yield { source: sourceInside(archive, name), reason: `${reshares} entries have no words of their own` };
  }
}

/** LinkedIn puts quotes around every line of a post, so that between two lines stands `"\n"`, and `"\n"\n"` for an empty one. */
const unquoted = (text: string): string => text.replace(/"\n(?:"{1,2}\n)*"/g, (ends) => ends.replaceAll('"', ""));

async function* readArticle(archive: ExportArchive, name: string): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { body } = parseHtml(await exportPage(archive, name));
  const head = body.querySelector("h1");
  const textOf = (selector: string): string => body.querySelector(selector)?.textContent?.trim() ?? "";
  const link = head?.querySelector("a")?.getAttribute("href") ?? "";
  const publishedAt = toIsoDate(textOf(".published").replace(/^published on\s*/i, ""));
  const title = head?.textContent?.trim() ?? "";
  for (const part of [head, body.querySelector(".created"), body.querySelector(".published")]) part?.remove();
  for (const style of body.querySelectorAll("style, title")) style.remove();
  const content = htmlToMarkdown(body);
  const source = /^https?:/.test(link) ? link : sourceInside(archive, name);
  if (content.trim() === "") yield { source, reason: "it holds no text" };
  else if (publishedAt === null) yield { source, reason: "a draft, which was never published" };
  else
    yield {
      kind: "article",
      platform: "linkedin",
      source,
      title: title || titleOfPost(content),
      format: "markdown",
      content,
      publishedAt,
    };
}
