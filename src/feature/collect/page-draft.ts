/** A page, or an entry of a feed, as a draft of a document. */

import type { DocumentDraft } from "../../contracts/documents.ts";
import { splitWords } from "../../text/index.ts";
import { extractArticle, readFragment } from "./extract-article.ts";
import type { FeedEntry } from "./parse-feed.ts";
import { platformName } from "./platform.ts";

export type PageDraft = DocumentDraft;

/** The article of a page. @throws what {@link extractArticle} throws */
export async function toPageDraft(html: string, url: URL, source: string): Promise<PageDraft> {
  const { markdown, platform, authors: _, tags, ...about } = extractArticle(html, url.href);
  return {
    kind: "article",
    platform: platformName(url, platform),
    source,
    format: "markdown",
    content: markdown,
    tags: [...tags],
    ...about,
  };
}

/** Fewer words may be only the beginning. */
const WHOLE_WORDS = 150;
const CUT_OFF = /(?:\[?…\]?|\.\.\.|\[&#8230;\]|read more|continue reading|keep reading)\W*$/i;

/** The entry's own text, where it is whole: long enough, and not cut off with a call to read on. */
export function toEntryDraft(entry: FeedEntry, source: string, language: string | null): PageDraft | undefined {
  const { html, title, publishedAt, modifiedAt, tags, authors, link } = entry;
  const url = new URL(link);
  const markdown = readFragment(html, { title, authors, url });
  if (splitWords(markdown).length < WHOLE_WORDS || CUT_OFF.test(markdown)) return undefined;
  return {
    kind: "article",
    platform: platformName(url),
    source,
    title: title || link,
    format: "markdown",
    content: markdown,
    publishedAt,
    modifiedAt,
    language,
    tags: [...tags],
    canonicalUrl: source,
  };
}
