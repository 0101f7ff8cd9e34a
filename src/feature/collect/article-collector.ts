/** Articles on the web: a page is fetched, its main content taken, and nothing else kept. */

import type { DraftCollector } from "../../contracts/documents.ts";
import { decodeText } from "./decode-text.ts";
import { fetchPage } from "./fetch-page.ts";
import { guardedFetch, type PageFetch } from "./guarded-fetch.ts";
import { platformName } from "./platform.ts";

/** Limits of the article collector, and where it may go. */
export interface ArticleCollectorOptions {
  /** Hosts that may be at a private, loopback or link-local address, with or without a port. */
  readonly allowedHosts?: readonly string[];
  /** Default: {@link guardedFetch} with `allowedHosts`. Another one does its own address checks. */
  readonly fetch?: PageFetch;
  /** Of the page with its redirects. Default 30,000. */
  readonly timeoutMs?: number;
  /** Of the page, uncompressed. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
  readonly userAgent?: string;
}

const USER_AGENT = "Mozilla/5.0 (compatible; Trilith/0.1; collects its user's own writing)";
/** Collects HTML articles by `http://` and `https://` links. */
export function articleCollector(options: ArticleCollectorOptions = {}): DraftCollector {
  const { allowedHosts = [], fetch = guardedFetch({ allowedHosts }) } = options;
  const { timeoutMs = 30_000, maxBytes = 8 * 2 ** 20, maxRedirects = 5, userAgent = USER_AGENT } = options;
  return {
    name: "article",
    accepts: (link) => /^https?:\/\//i.test(link) && URL.canParse(link),
    async *collect(link, { signal } = {}) {
      const limits = { timeoutMs, maxBytes, maxRedirects, userAgent, ...(signal ? { signal } : {}) };
      const { url, bytes, contentType } = await fetchPage(link, { fetch, ...limits });
      const { extractArticle } = await import("./extract-article.ts"); // the parsers load when a page has come
      const {
        markdown,
        platform,
        authors: _,
        tags,
        ...about
      } = extractArticle(decodeText(bytes, contentType), url.href);
      yield {
        kind: "article",
        platform: platformName(url, platform),
        source: withoutFragment(link),
        format: "markdown",
        content: markdown,
        tags: [...tags],
        ...about,
      };
    },
  };
}

function withoutFragment(link: string): string {
  const url = new URL(link);
  url.hash = "";
  return url.href;
}
