/** Medium's export: a page for each story and each response. Drafts are left out, each with a line. */

import type { DocumentDraft, SkippedSource } from "../../../contracts/documents.ts";
import { type HtmlElement, parseHtml } from "../html-node.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { toIsoDate } from "../iso-date.ts";
import {
  type DataExport,
  type ExportArchive,
  exportPage,
  namesIn,
  orTooDeep,
  sourceInside,
  titleOfPost,
} from "./data-export.ts";

/** Stories are `posts/2020-01-02_Title-abc.html`, drafts `posts/draft_Title-abc.html`; pages are in h-entry. */
export const mediumExport: DataExport = {
  platform: "medium",
  title: "Medium (posts/*.html)",
  sign: /^(.*\/)?posts\/(?:\d{4}-\d{2}-\d{2}|draft)_[^/]*\.html$/,
  async *read(archive) {
    for (const name of namesIn(archive, /^posts\/[^/]+\.html$/)) {
      const source = sourceInside(archive, name);
      if (/\/draft_[^/]*$/.test(name)) yield { source, reason: "a draft, which was never published" };
      else yield* orTooDeep(source, readStory(archive, name));
    }
  },
};

async function* readStory(archive: ExportArchive, name: string): AsyncGenerator<DocumentDraft | SkippedSource> {
  const page = parseHtml(await exportPage(archive, name));
  const body = page.querySelector("[data-field='body'], .e-content");
  const inside = sourceInside(archive, name);
  if (body === null) {
    yield { source: inside, reason: "it is no story as Medium exports them" };
    return;
  }
  const linkOf = (selector: string): string | undefined => webLink(page.querySelector(selector));
  const source = linkOf(".p-canonical") ?? linkOf("footer a[href*='medium.com/p/']") ?? inside;
  const title = textOf(page, ".p-name") || textOf(page, "title");
  const isResponse = body.querySelector(".graf--title") === null && isBeginning(title, body.textContent ?? "");
  const heading = body.querySelector(".graf--title");
  if (heading?.textContent?.trim() === title) heading.remove();
  const content = htmlToMarkdown(body);
  if (content.trim() === "") {
    yield { source, reason: "it holds no text" };
    return;
  }
  const date = page.querySelector("time.dt-published")?.getAttribute("datetime") ?? "";
  yield {
    kind: isResponse ? "post" : "article",
    platform: "medium",
    source,
    title: isResponse ? titleOfPost(content) : title || titleOfPost(content),
    format: "markdown",
    content,
    publishedAt: toIsoDate(date),
    tags: isResponse ? ["comment"] : [],
  };
}

const textOf = (page: HtmlElement, selector: string): string =>
  page.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? "";

function webLink(element: HtmlElement | null): string | undefined {
  const url = URL.parse(element?.getAttribute("href") ?? "");
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

/** A response has no title: the export names it by its first words. */
function isBeginning(title: string, text: string): boolean {
  const plain = (each: string): string =>
    each
      .replace(/[\s…]+/g, " ")
      .replace(/\.{3}$/, "")
      .trim();
  return title === "" || plain(text).startsWith(plain(title));
}
