/**
 * The article in a page: its main content as Markdown, and what the page says of it. Readability finds the content,
 * pruning takes out what is not the article's; what only a page can say (a login wall, an empty shell) becomes an error.
 */

import { Readability } from "@mozilla/readability";
import { splitWords } from "../../text/index.ts";
import { LinkEmptyError, LinkLoginWallError, PageTooDeepError } from "../errors.ts";
import { type HtmlDocument, type HtmlElement, type HtmlNode, parseHtml } from "./html-node.ts";
import { htmlToMarkdown } from "./html-to-markdown.ts";
import { type PageMetadata, readPageMetadata } from "./page-metadata.ts";
import { removeWidgets } from "./platform.ts";
import { type PageFacts, type PruningRule, pruneContent } from "./prune-content.ts";

/** An article, and what its page says of it. */
export interface Article extends Omit<PageMetadata, "isAccessibleForFree"> {
  /** Without the title, captions, and what leads to other pages. */
  readonly markdown: string;
}

/** Fewer words are no article. */
const LEAST_WORDS = 10;
/** Browsers stop nesting at 512 levels; finding the content of deeper pages takes minutes. */
const MOST_DEEP = 1000;
/** A page with fewer words that also asks for scripts is an empty shell. */
const SHELL_WORDS = 30;
/** A page with fewer words that also asks for a password shows no article. */
const LOGIN_WORDS = 80;
/** A page with fewer words whose publisher says that it is not free shows only its beginning. */
const TEASER_WORDS = 400;
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
  const { article, wall, needsScripts } = readArticle(html, source);
  const words = splitWords(article.markdown).length;
  if (wall && words < wall.enoughWords) throw new LinkLoginWallError(source, wall.sign);
  if (words < LEAST_WORDS || (needsScripts && words < SHELL_WORDS)) throw new LinkEmptyError(source, words);
  return article;
}

/** What was read of a page, whether or not it is a whole article. */
export interface ReadArticle {
  readonly article: Article;
  /** The page's sign that it does not show its text to everyone. */
  readonly wall: Wall | undefined;
  readonly needsScripts: boolean;
}

/** Reads a page as {@link extractArticle} does, and judges nothing. @throws {PageTooDeepError} */
export function readArticle(html: string, source: string, rules?: readonly PruningRule[]): ReadArticle {
  try {
    return read(html, source, rules);
  } catch (error) {
    // Elements nested deeper than any author or editor makes them.
    if (error instanceof RangeError) throw new PageTooDeepError(source, error);
    throw error;
  }
}

function read(html: string, source: string, rules: readonly PruningRule[] | undefined): ReadArticle {
  const document = parseHtml(html);
  const depth = depthOf(document);
  if (depth > MOST_DEEP) throw new RangeError(`${depth} levels`);
  const url = URL.parse(source) ?? undefined;
  const { isAccessibleForFree, ...head } = readPageMetadata(document, url);
  const wall = wallOf(document, isAccessibleForFree);
  const needsScripts = /(?:enable|requires?|turn on) javascript/i.test(
    document.querySelector("noscript, body")?.textContent ?? "",
  );
  removeWidgets(document);
  const content = contentOf(document, html);
  const heading = content?.querySelector("h1")?.textContent?.replace(/\s+/g, " ").trim();
  const title = head.title || heading || source;
  if (content) pruneContent(content, { title, authors: head.authors, url }, rules);
  const markdown = content ? htmlToMarkdown(content, url) : "";
  return { article: { ...head, title, markdown }, wall, needsScripts };
}

/** A text that is HTML and no page, as a feed has it, as Markdown. */
export function readFragment(html: string, facts: PageFacts & { readonly url: URL }): string {
  const document = parseHtml(html);
  removeWidgets(document);
  pruneContent(document.body, facts);
  return htmlToMarkdown(document.body, facts.url);
}

/** The main content; of a page with text outside of its body, where Readability finds no end, of the page in one body. */
function contentOf(document: HtmlDocument, html: string): HtmlElement | undefined {
  try {
    return mainContent(document);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const whole = parseHtml(html.replace(/<\/?(?:html|head|body)\b[^>]{0,2000}>/gi, ""));
    removeWidgets(whole);
    return mainContent(whole);
  }
}

function mainContent(document: HtmlDocument): HtmlElement | undefined {
  // Readability types its document as the browser's; linkedom's is one in all that it uses.
  const reader = new Readability<HtmlElement>(document as never, {
    keepClasses: true,
    serializer: (node: unknown) => node as HtmlElement, // linkedom's own node, not text to be parsed again
  });
  return reader.parse()?.content ?? undefined;
}

/** Levels of nesting, without recursion. */
function depthOf(root: HtmlNode): number {
  let level: HtmlNode[] = [root];
  let depth = 0;
  for (; level.length > 0; depth++) level = level.flatMap(({ childNodes }) => [...childNodes]);
  return depth;
}

interface Wall {
  readonly sign: string;
  /** With as many words the page shows its text all the same: a metered article, a login for comments. */
  readonly enoughWords: number;
}

/** The page's sign that its text is not for everyone. */
function wallOf(document: HtmlDocument, isAccessibleForFree: boolean | undefined): Wall | undefined {
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
