/**
 * Texts on the web: an article by its page, or all of a feed's. A page is fetched when it has changed, its main content
 * taken, and nothing else kept.
 */

import type { Collector, CollectRequest, Finding } from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { LinkEmptyError, LinkNotHtmlError, LinkStatusError } from "../errors.ts";
import { FeedUnreadableError } from "../web-errors.ts";
import type { PageRenderer } from "./browser-renderer.ts";
import { decodeText } from "./decode-text.ts";
import { type PageDraft, toPageDraft } from "./page-draft.ts";
import type { Feed, FeedEntry } from "./parse-feed.ts";
import { mediaTypeOf } from "./read-body.ts";
import { sourceOf } from "./source-of.ts";
import { createWeb, type Web, type WebAnswer } from "./web.ts";

/** The web that is collected from, and the limit of a page. */
export interface ArticleCollectorOptions {
  /** Default: {@link createWeb} as it is. Share one among collectors, so that they share their manners. */
  readonly web?: Web;
  /** Of the page, uncompressed. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Shows pages whose HTML is an empty shell; without it they fail. */
  readonly renderer?: PageRenderer;
}

const HTML = ["text/html", "application/xhtml+xml"];
const ACCEPT = `${HTML.join(",")},application/atom+xml;q=0.9,application/rss+xml;q=0.9,application/xml;q=0.8`;
/** Of one feed: each leads to the next. */
const MOST_FEED_PAGES = 50;

/**
 * Collects HTML articles and feeds (RSS, Atom, JSON Feed) by `http://` and `https://` links. A page that is known and
 * gone is found to be gone; one that its server calls unchanged is not fetched. A feed's entries are taken from the
 * feed where it has them whole, else from their pages.
 */
export function articleCollector(options: ArticleCollectorOptions = {}): Collector {
  const { web = createWeb(), maxBytes = 8 * 2 ** 20, renderer } = options;
  const visit: Visit = { web, maxBytes, renderer };
  return {
    name: "article",
    accepts: (link) => /^https?:\/\//i.test(link) && URL.canParse(link),
    collect: (link, request = {}) => collectPage(link, request, visit),
    async discover(link, request = {}) {
      const { discoverPosts } = await import("./discover-posts.ts");
      return discoverPosts(link, { web, maxBytes, ...request });
    },
  };
}

interface Visit {
  readonly web: Web;
  readonly maxBytes: number;
  readonly renderer: PageRenderer | undefined;
}
type WholeAnswer = WebAnswer & { readonly isUnchanged: false };

async function* collectPage(link: string, request: CollectRequest, visit: Visit): AsyncGenerator<Finding> {
  const source = sourceOf(link);
  const known = await request.lastSeen?.(source);
  const validators = known ? (known.goneAt === null ? known : undefined) : await request.lastIndexed?.(source);
  const { maxBytes } = visit;
  let answer: WebAnswer;
  try {
    answer = await visit.web.get(link, { accept: ACCEPT, maxBytes, validators, signal: request.signal });
  } catch (error) {
    if (!known || !(error instanceof LinkStatusError) || !isGone(error.status)) throw error;
    yield { source, state: "gone" };
    return;
  }
  if (answer.isUnchanged) {
    yield { source, state: "unchanged" };
    return;
  }
  const media = mediaTypeOf(answer.contentType, answer.bytes);
  const text = decodeText(answer.bytes, answer.contentType);
  const { isFeed } = await import("./parse-feed.ts"); // the parsers load when something has come
  if (isFeed(media, text)) yield* collectFeed({ answer, text, source }, request, visit);
  else if (media !== "" && !HTML.includes(media)) throw new LinkNotHtmlError(source, media);
  else yield await draftOf({ answer, text, source }, request, visit);
}

/** The page's article; shown by a browser where its HTML has none. */
async function draftOf({ answer, text, source }: Page, request: CollectRequest, visit: Visit): Promise<Finding> {
  try {
    return { ...(await toPageDraft(text, answer.url, source)), validators: answer.validators };
  } catch (error) {
    if (!visit.renderer || !(error instanceof LinkEmptyError)) throw error;
    // The shell's validators say nothing of what its scripts fill in, so they are not kept.
    return toPageDraft(await visit.renderer.render(answer.url, request.signal), answer.url, source);
  }
}

const isGone = (status: number): boolean => status === 404 || status === 410;

/** What has come of a link. */
interface Page {
  readonly answer: WholeAnswer;
  readonly text: string;
  readonly source: string;
}

async function* collectFeed(page: Page, request: CollectRequest, visit: Visit): AsyncGenerator<Finding> {
  const { parseFeed } = await import("./parse-feed.ts");
  const taken = new Set<string>();
  let next: Page | undefined = page;
  for (let count = 0; next !== undefined && count < MOST_FEED_PAGES; count++) {
    const { answer, text }: Page = next;
    const feed: Feed = readable(page.source, () => parseFeed(text, answer.url));
    for (const entry of feed.entries) {
      request.signal?.throwIfAborted();
      if (taken.has(entry.link)) continue;
      taken.add(entry.link);
      yield* collectEntry(entry, { feedSource: page.source, language: feed.language }, { request, visit });
    }
    next = feed.next === undefined ? undefined : await nextPage(feed.next, request, visit);
  }
  yield { source: page.source, state: "indexed", validators: page.answer.validators };
}

function readable<T>(link: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FeedUnreadableError(link, error);
  }
}

async function nextPage(link: string, request: CollectRequest, { web, maxBytes }: Visit): Promise<Page | undefined> {
  const answer = await web.get(link, { accept: ACCEPT, maxBytes, signal: request.signal });
  return answer.isUnchanged ? undefined : { answer, text: decodeText(answer.bytes, answer.contentType), source: link };
}

/** The entry as the feed has it, where it is whole and not known by its page already; else its page. */
async function* collectEntry(
  entry: FeedEntry,
  of: { readonly feedSource: string; readonly language: string | null },
  { request, visit }: { readonly request: CollectRequest; readonly visit: Visit },
): AsyncGenerator<Finding> {
  const source = sourceOf(entry.link);
  try {
    const { toEntryDraft } = await import("./page-draft.ts");
    const known = await request.lastSeen?.(source);
    const isByPage = known !== undefined && known.link !== of.feedSource;
    const draft: PageDraft | undefined = isByPage ? undefined : toEntryDraft(entry, source, of.language);
    if (draft) yield draft;
    else yield* collectPage(entry.link, request, visit);
  } catch (error) {
    request.signal?.throwIfAborted();
    yield { source, reason: messageOf(error) };
  }
}
