/**
 * What a page says of itself outside its text: title, address, dates, language, authors, licence, tags.
 * Every fact has several places where pages keep it; the first that says something is taken.
 */

import type { HtmlDocument, HtmlElement } from "./html-node.ts";
import { toIsoDate } from "./iso-date.ts";
import { readLinkedData } from "./linked-data.ts";
import { type Platform, platformOf } from "./platform.ts";

export interface PageMetadata {
  /** Empty where the page has none. */
  readonly title: string;
  readonly authors: readonly string[];
  readonly publishedAt: string | null;
  readonly modifiedAt: string | null;
  /** ISO 639-1. */
  readonly language: string | null;
  /** Where the page says that it is at home: another address than asked for when it is a copy. */
  readonly canonicalUrl: string | null;
  readonly licence: string | null;
  /** Lower case, each once. */
  readonly tags: readonly string[];
  readonly platform: Platform | undefined;
  /** `false` when the publisher marks the text as paid or for members. */
  readonly isAccessibleForFree: boolean | undefined;
}

const MOST_TAGS = 30;

/**
 * Reads the page's metadata.
 *
 * @param url  the page's address, where it has one: what relative addresses are resolved against
 * @source https://schema.org/Article, https://ogp.me, https://microformats.org/wiki/rel-license, https://ccrel.creativecommons.org
 */
export function readPageMetadata(document: HtmlDocument, url: URL | undefined): PageMetadata {
  const data = readLinkedData(document);
  const meta = metaReader(document);
  const first = (selector: string, attribute: string): string | undefined =>
    document.querySelector(selector)?.getAttribute(attribute)?.trim() || undefined;
  const publishedAt = firstDate([
    meta("article:published_time"),
    data.datePublished,
    ...["date", "dc.date", "dc.date.issued", "datePublished", "parsely-pub-date"].map(meta),
    first("article time[datetime], main time[datetime], time[datetime]", "datetime"),
  ]);
  const modifiedAt = firstDate([
    meta("article:modified_time"),
    data.dateModified,
    ...["og:updated_time", "dateModified", "last-modified", "dc.date.modified"].map(meta),
  ]);
  return {
    title: titleOf(document, [meta("og:title"), data.headline]),
    authors: authorsOf(document, [...data.authors, meta("author"), meta("dc.creator"), meta("article:author")]),
    publishedAt,
    modifiedAt: modifiedAt !== null && publishedAt !== null && modifiedAt < publishedAt ? null : modifiedAt,
    language: languageOf([
      document.documentElement?.getAttribute("lang"),
      data.inLanguage,
      meta("og:locale"),
      first("meta[http-equiv='content-language' i]", "content"),
      meta("dc.language"),
    ]),
    canonicalUrl: addressOf([first("link[rel~='canonical']", "href"), meta("og:url"), data.url], url),
    licence: licenceOf(document, data.license, url),
    tags: tagsOf(document, [...data.keywords, ...metaList(document, "article:tag"), ...split(meta("keywords"))]),
    platform: platformOf(document, url),
    isAccessibleForFree: data.isAccessibleForFree,
  };
}

type Found = string | null | undefined;

/** Content of `<meta>` by property, name or itemprop, in any case. */
const metaReader =
  (document: HtmlDocument) =>
  (name: string): string | undefined =>
    metaList(document, name)[0];

function metaList(document: HtmlDocument, name: string): string[] {
  const selector = ["property", "name", "itemprop"].map((attribute) => `meta[${attribute}="${name}" i]`).join(", ");
  return [...document.querySelectorAll(selector)]
    .map((each) => each.getAttribute("content")?.trim() ?? "")
    .filter(Boolean);
}

const tidy = (text: string): string => text.replace(/\s+/g, " ").trim();

function titleOf(document: HtmlDocument, stated: readonly Found[]): string {
  const heading = document.querySelector("article h1, main h1, h1")?.textContent;
  return tidy([...stated, heading, document.querySelector("title")?.textContent].find((each) => each?.trim()) ?? "");
}

const firstDate = (candidates: readonly Found[]): string | null =>
  candidates.map((each) => toIsoDate(each ?? "")).find((each) => each !== null) ?? null;

function authorsOf(document: HtmlDocument, stated: readonly Found[]): string[] {
  const marked = [
    ...document.querySelectorAll("[rel~='author'], .p-author .p-name, [itemprop='author'] [itemprop='name']"),
  ];
  const names = [...stated, ...marked.map((each) => each.textContent)]
    .map((each) => tidy(each ?? "").replace(/^by /i, ""))
    .filter((name) => name.length > 1 && name.length <= 60 && !/^https?:/i.test(name));
  return [...new Set(names)].slice(0, 5);
}

/** `en` of `en-GB` or `en_US`. */
const languageOf = (candidates: readonly Found[]): string | null =>
  candidates.map((each) => /^([a-z]{2})(?:$|[-_ ,])/i.exec(each?.trim() ?? "")?.[1]?.toLowerCase()).find(Boolean) ??
  null;

function addressOf(candidates: readonly Found[], base: URL | undefined): string | null {
  for (const each of candidates) {
    const url = each ? URL.parse(each, base?.href) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) continue;
    url.hash = "";
    return url.href;
  }
  return null;
}

/** As the page states it, a Creative Commons link to a deed before others. */
function licenceOf(document: HtmlDocument, stated: Found, base: URL | undefined): string | null {
  const linked = [...document.querySelectorAll("a[rel~='license'], link[rel~='license']")];
  const deeds = [...document.querySelectorAll("a[href*='creativecommons.org/']")].filter((link) =>
    /creativecommons\.org\/(?:licenses|publicdomain)\//.test(link.getAttribute("href") ?? ""),
  );
  const inFooter = deeds.filter((link) => link.querySelector("img") !== null || isAtTheEnd(link));
  const hrefs = [...linked, ...inFooter].map((link: HtmlElement) => link.getAttribute("href"));
  return addressOf([...hrefs, stated], base) ?? (stated ? tidy(stated) : null);
}

/** Whether the link stands outside the article, where a site states the licence of its own text. */
function isAtTheEnd(link: HtmlElement): boolean {
  for (
    let around: HtmlElement | null = link.parentNode;
    around !== null && around.nodeType === 1;
    around = around.parentNode
  ) {
    if (around.tagName === "FOOTER" || /footer|licen[cs]e|copyright|colophon/i.test(around.getAttribute("class") ?? ""))
      return true;
  }
  return false;
}

function tagsOf(document: HtmlDocument, stated: readonly string[]): string[] {
  const marked = [...document.querySelectorAll("a[rel~='tag'], .p-category")].map((each) => each.textContent ?? "");
  const tags = [...stated, ...marked].map((each) => tidy(each).replace(/^#/, "").toLowerCase());
  return [...new Set(tags)].filter((tag) => tag !== "" && tag.length <= 60).slice(0, MOST_TAGS);
}

const split = (list: string | undefined): string[] => list?.split(/[,;]/) ?? [];
