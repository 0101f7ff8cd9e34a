/** Substack's export: a table of posts and a page for each. Drafts and everything about subscribers are left out. */

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

const WIDGETS =
  ".subscription-widget-wrap, .subscription-widget-wrap-editor, .button-wrapper, .captioned-button-wrap, .subscribe-widget";

/** Posts are rows of `posts.csv`; the page of the post `12.slug` is `posts/12.slug.html`. */
export const substackExport: DataExport = {
  platform: "substack",
  title: "Substack (posts.csv, posts/*.html)",
  sign: /^(.*\/)?posts\.csv$/,
  async *read(archive) {
    for await (const row of parseCsv(exportText(archive, `${archive.root}posts.csv`))) {
      const source = sourceInside(archive, `${archive.root}posts/${row.get("post_id") ?? ""}.html`);
      yield* orTooDeep(source, readPost(archive, row));
    }
  },
};

async function* readPost(
  archive: ExportArchive,
  row: ReadonlyMap<string, string>,
): AsyncGenerator<DocumentDraft | SkippedSource> {
  const id = row.get("post_id") ?? "";
  const name = namesIn(archive, /^posts\/.*\.html$/).find((each) => each === `${archive.root}posts/${id}.html`);
  const source = sourceInside(archive, `${archive.root}posts/${id}.html`);
  if (row.get("is_published") !== "true") {
    yield { source, reason: "a draft, which was never published" };
    return;
  }
  const { body } = parseHtml(name === undefined ? "" : await exportPage(archive, name));
  for (const widget of body.querySelectorAll(WIDGETS)) widget.remove();
  const subtitle = row.get("subtitle")?.trim() ?? "";
  const text = htmlToMarkdown(body);
  if (text.trim() === "") {
    yield { source, reason: name === undefined ? "its page is not in the archive" : "it holds no text" };
    return;
  }
  const type = row.get("type") ?? "newsletter";
  yield {
    kind: type === "thread" ? "post" : "article",
    platform: "substack",
    source,
    title: row.get("title")?.trim() || titleOfPost(text),
    format: "markdown",
    content: subtitle === "" ? text : `*${subtitle}*\n\n${text}`,
    publishedAt: toIsoDate(row.get("post_date") ?? ""),
    tags: type === "newsletter" ? [] : [type],
  };
}
