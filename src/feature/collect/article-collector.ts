/** Articles on the web: a page is fetched when it has changed, its main content taken, and nothing else kept. */

import type { Collector, DocumentDraft } from "../../contracts/documents.ts";
import { LinkNotHtmlError, LinkStatusError } from "../errors.ts";
import { decodeText } from "./decode-text.ts";
import { platformName } from "./platform.ts";
import { mediaTypeOf } from "./read-body.ts";
import { createWeb, type Web, type WebAnswer } from "./web.ts";

/** The web that is collected from, and the limit of a page. */
export interface ArticleCollectorOptions {
  /** Default: {@link createWeb} as it is. Share one among collectors, so that they share their manners. */
  readonly web?: Web;
  /** Of the page, uncompressed. Default 8 MiB. */
  readonly maxBytes?: number;
}

const HTML = "text/html,application/xhtml+xml";

/**
 * Collects HTML articles by `http://` and `https://` links. A page that is known and gone is found to be gone; one that
 * its server calls unchanged is not fetched.
 */
export function articleCollector({
  web = createWeb(),
  maxBytes = 8 * 2 ** 20,
}: ArticleCollectorOptions = {}): Collector {
  return {
    name: "article",
    accepts: isWebAddress,
    async *collect(link, { signal, lastSeen } = {}) {
      const source = sourceOf(link);
      const known = await lastSeen?.(source);
      const validators = known?.goneAt === null ? known : undefined;
      try {
        const answer = await web.get(link, { accept: HTML, maxBytes, validators, signal });
        if (answer.isUnchanged) yield { source, state: "unchanged" };
        else yield { ...(await toDraft(answer, source)), validators: answer.validators };
      } catch (error) {
        if (!known || !(error instanceof LinkStatusError) || !isGone(error.status)) throw error;
        yield { source, state: "gone" };
      }
    },
  };
}

export const isWebAddress = (link: string): boolean => /^https?:\/\//i.test(link) && URL.canParse(link);

const isGone = (status: number): boolean => status === 404 || status === 410;

async function toDraft(answer: WebAnswer & { isUnchanged: false }, source: string): Promise<DocumentDraft> {
  const { url, bytes, contentType } = answer;
  const media = mediaTypeOf(contentType, bytes);
  if (media !== "" && !HTML.split(",").includes(media)) throw new LinkNotHtmlError(source, media);
  const { extractArticle } = await import("./extract-article.ts"); // the parsers load when a page has come
  const article = extractArticle(decodeText(bytes, contentType), url.href);
  const { markdown, platform, authors: _, tags, ...about } = article;
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

/** What services add to links to see where readers come from. */
const TRACKING = /^(?:utm_\w+|fbclid|gclid|mc_[ce]id|ref_src)$/;

/** The link as a document's source: without the fragment, and without what only follows the reader. */
export function sourceOf(link: string): string {
  const url = new URL(link);
  url.hash = "";
  for (const [name, value] of [...url.searchParams]) {
    if (TRACKING.test(name) || (name === "source" && value.startsWith("rss"))) url.searchParams.delete(name);
  }
  return url.href;
}
