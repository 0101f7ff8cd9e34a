/**
 * The article in a page: its main content as Markdown, its title and its date.
 * Readability finds the content; what only a page can say (a login wall, an empty shell) becomes an error.
 */

import { Readability } from "@mozilla/readability";
import { splitWords } from "../../text/index.ts";
import { LinkEmptyError, LinkLoginWallError, PageTooDeepError } from "../errors.ts";
import { type HtmlDocument, type HtmlNode, parseHtml } from "./html-node.ts";
import { htmlToMarkdown } from "./html-to-markdown.ts";
import { toIsoDate } from "./iso-date.ts";
import { type LinkedData, readLinkedData } from "./linked-data.ts";

export interface Article {
  readonly title: string;
  readonly publishedAt: string | null;
  readonly markdown: string;
}

/** Fewer words are no article. */
const LEAST_WORDS = 10;
/** A page with fewer words that also asks for scripts is an empty shell. */
const SHELL_WORDS = 30;
/** A page with fewer words that also asks for a password shows no article. */
const LOGIN_WORDS = 80;
/** A page with fewer words whose publisher says that it is not free shows only its beginning. */
const TEASER_WORDS = 400;
/** What platforms put into the middle of a text, by their own class names. */
const WIDGETS = [
  ".subscription-widget-wrap",
  ".subscription-widget-wrap-editor",
  ".button-wrapper",
  ".captioned-button-wrap",
  ".post-ufi",
  ".paywall-jump",
  "[data-component-name='SubscribeWidget']",
  "[data-testid='headerSocialShareButton']",
  "[data-testid='audioPlayButton']",
].join(", ");
const ASKS_TO_JOIN =
  /to read the (?:full|rest of the) (?:story|article|post)|(?:subscribe|sign in|log in) to (?:continue|keep) reading|this post is for (?:paid|paying) subscribers/i;
const PAYWALL = "[data-testid='paywall'], .paywall, .paywall-content, #paywall, .meteredContent[aria-label]";

/**
 * Extracts the article of a page.
 *
 * @param source  the page's address or path: named in errors, and the base of its links where it is an address
 * @throws {LinkEmptyError} when there is no main content
 * @throws {LinkLoginWallError} when the page asks to log in or pay instead of showing the text
 * @throws {PageTooDeepError} when its elements are nested too deep to be read
 */
export function extractArticle(html: string, source: string): Article {
  try {
    return extract(html, source);
  } catch (error) {
    // Elements nested tens of thousands deep, as no author and no editor makes them.
    if (error instanceof RangeError) throw new PageTooDeepError(source, error);
    throw error;
  }
}

function extract(html: string, source: string): Article {
  const document = parseHtml(html);
  const data = readLinkedData(document);
  const head = { title: titleOf(document, data), publishedAt: publishedAtOf(document, data) };
  const wall = wallOf(document, data);
  const needsScripts = /(?:enable|requires?|turn on) javascript/i.test(
    document.querySelector("noscript, body")?.textContent ?? "",
  );
  for (const widget of document.querySelectorAll(WIDGETS)) widget.remove();
  const content = mainContent(document);
  const markdown = content ? htmlToMarkdown(content, URL.parse(source) ?? undefined) : "";
  const words = splitWords(markdown).length;
  if (wall && words < wall.enoughWords) throw new LinkLoginWallError(source, wall.sign);
  if (words < LEAST_WORDS || (needsScripts && words < SHELL_WORDS)) throw new LinkEmptyError(source, words);
  return { ...head, title: head.title || firstHeading(markdown) || source, markdown };
}

function mainContent(document: HtmlDocument): HtmlNode | undefined {
  // Readability types its document as the browser's; linkedom's is one in all that it uses.
  const reader = new Readability<HtmlNode>(document as never, {
    keepClasses: true,
    serializer: (node: unknown) => node as HtmlNode, // linkedom's own node, not text to be parsed again
  });
  return reader.parse()?.content ?? undefined;
}

function titleOf(document: HtmlDocument, { headline }: LinkedData): string {
  const title =
    metaOf(document, "og:title") ??
    headline ??
    document.querySelector("article h1, main h1, h1")?.textContent ??
    document.querySelector("title")?.textContent ??
    "";
  return title.replace(/\s+/g, " ").trim();
}

function publishedAtOf(document: HtmlDocument, { datePublished }: LinkedData): string | null {
  const candidates = [
    metaOf(document, "article:published_time"),
    datePublished,
    metaOf(document, "date"),
    metaOf(document, "dc.date"),
    metaOf(document, "datePublished"),
    document.querySelector("article time[datetime], main time[datetime], time[datetime]")?.getAttribute("datetime"),
  ];
  return candidates.map((each) => toIsoDate(each ?? "")).find((each) => each !== null) ?? null;
}

function metaOf(document: HtmlDocument, name: string): string | undefined {
  const meta = document.querySelector(`meta[property="${name}"], meta[name="${name}"], meta[itemprop="${name}"]`);
  return meta?.getAttribute("content")?.trim() || undefined;
}

interface Wall {
  readonly sign: string;
  /** With as many words the page shows its text all the same: a metered article, a login for comments. */
  readonly enoughWords: number;
}

/** The page's sign that its text is not for everyone. */
function wallOf(document: HtmlDocument, { isAccessibleForFree }: LinkedData): Wall | undefined {
  const asks = ASKS_TO_JOIN.test(document.body.textContent ?? "");
  if (isAccessibleForFree === false) {
    const sign = "the publisher marks it as not accessible for free";
    return { sign, enoughWords: asks ? Number.POSITIVE_INFINITY : TEASER_WORDS };
  }
  const enoughWords = LOGIN_WORDS;
  if (asks || document.querySelector(PAYWALL)) return { sign: "the page has a paywall", enoughWords };
  if (document.querySelector("input[type='password']")) return { sign: "the page asks for a password", enoughWords };
  return undefined;
}

const firstHeading = (markdown: string): string => /^# (.+)$/m.exec(markdown)?.[1]?.trim() ?? "";
