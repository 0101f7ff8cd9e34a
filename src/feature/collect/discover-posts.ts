/**
 * From a blog's home page to all of its posts: its feeds, its sitemaps, and the pages on which it lists them. Each place
 * is tried, and one that cannot be read is told and hides no other.
 */

import type { DiscoverRequest, Discovery } from "../../contracts/documents.ts";
import { messageOf } from "../../core/errors.ts";
import { decodeText } from "./decode-text.ts";
import { parseHtml } from "./html-node.ts";
import { isFeed, parseFeed } from "./parse-feed.ts";
import { parseSitemap } from "./parse-sitemap.ts";
import { bareHost, isIndexPage, isPost, isUnder, shapeOf } from "./post-links.ts";
import { mediaTypeOf } from "./read-body.ts";
import { sourceOf } from "./source-of.ts";
import type { Web } from "./web.ts";

export interface DiscoverOptions extends DiscoverRequest {
  readonly web: Web;
  /** Of one answer, unpacked. */
  readonly maxBytes: number;
  /** Pages, feeds and sitemaps that are looked at. Default 300. */
  readonly maxVisits?: number;
  /** Default 10,000. */
  readonly maxLinks?: number;
}

/** Where feeds and sitemaps are by custom, for sites that do not say. */
const USUAL_FEEDS = ["feed", "rss", "atom.xml", "feed.xml", "index.xml", "rss.xml"];
const USUAL_SITEMAPS = ["/sitemap.xml", "/sitemap_index.xml"];

/**
 * Finds the links of all posts under a home page.
 *
 * @throws what getting the home page throws; what fails later is among the problems
 */
export async function discoverPosts(home: string, options: DiscoverOptions): Promise<Discovery> {
  const search = new PostSearch(home, options);
  await search.run();
  return search.result();
}

/** What is to be looked at, in its order: feeds first, because they show how posts are addressed. */
type Place = "feed" | "sitemap" | "page";

class PostSearch {
  readonly #home: URL;
  readonly #options: DiscoverOptions;
  readonly #links = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #problems: string[] = [];
  readonly #visited = new Set<string>();
  readonly #waiting: Record<Place, string[]> = { feed: [], sitemap: [], page: [] };
  readonly #shapes = new Set<string>();
  /** Pages' links that were not known to be posts' when they were met. */
  readonly #unsure: { url: URL; from: string }[] = [];

  constructor(home: string, options: DiscoverOptions) {
    this.#home = new URL(sourceOf(home));
    this.#options = options;
  }

  async run(): Promise<void> {
    const { web, signal } = this.#options;
    await this.#visit("page", this.#home.href, { isHome: true });
    if (this.#waiting.feed.length === 0) {
      const guesses = USUAL_FEEDS.map((name) => new URL(name, this.#folder()).href);
      if (this.#home.pathname.startsWith("/@"))
        guesses.unshift(new URL(`/feed${this.#home.pathname}`, this.#home).href);
      for (const guess of guesses) if (this.#links.size === 0) await this.#visit("feed", guess, { isGuess: true });
    }
    const { sitemaps } = await web.robots(this.#home, signal);
    this.#waiting.sitemap.push(...sitemaps);
    await this.#visitWaiting("feed");
    if (sitemaps.length === 0) {
      for (const path of USUAL_SITEMAPS)
        await this.#visit("sitemap", new URL(path, this.#home).href, { isGuess: true });
    }
    await this.#visitWaiting("sitemap");
    await this.#visitWaiting("page");
    for (const { url, from } of this.#unsure) if (this.#isOurs(url) && isPost(url, this.#shapes)) this.#add(url, from);
  }

  result(): Discovery {
    const places = [...this.#counts].map(([address, count]) => ({ address, count }));
    return { links: [...this.#links.values()], places, problems: this.#problems };
  }

  async #visitWaiting(place: Place): Promise<void> {
    for (let next = this.#waiting[place].shift(); next !== undefined; next = this.#waiting[place].shift()) {
      await this.#visit(place, next);
    }
  }

  async #visit(place: Place, address: string, { isHome = false, isGuess = false } = {}): Promise<void> {
    const { signal, onProgress, maxVisits = 300 } = this.#options;
    signal?.throwIfAborted();
    if (this.#visited.has(address)) return;
    if (this.#visited.size === maxVisits)
      this.#problems.push(`${address} and what comes after it: ${maxVisits} places were looked at`);
    if (this.#visited.size >= maxVisits) return void this.#visited.add(address);
    this.#visited.add(address);
    onProgress?.(address, this.#links.size);
    try {
      await this.#read(place, address);
    } catch (error) {
      signal?.throwIfAborted();
      if (isHome) throw error;
      if (!isGuess) this.#problems.push(`${address}: ${messageOf(error)}`);
    }
  }

  async #read(place: Place, address: string): Promise<void> {
    const { web, maxBytes, signal } = this.#options;
    const answer = await web.get(address, { accept: "*/*", maxBytes, signal });
    if (answer.isUnchanged) return;
    const { bytes, contentType, url } = answer;
    if (place === "sitemap") return this.#readSitemap(bytes, url);
    const text = decodeText(bytes, contentType);
    const media = mediaTypeOf(contentType, bytes);
    if (place === "feed" || isFeed(media, text)) this.#readFeed(text, url);
    else if (/html|^$/.test(media)) this.#readPage(text, url);
  }

  #readFeed(text: string, url: URL): void {
    const { entries, next } = parseFeed(text, url);
    for (const { link } of entries) {
      const post = new URL(link);
      if (bareHost(post) !== bareHost(this.#home)) continue;
      this.#shapes.add(shapeOf(post));
      this.#add(post, url.href);
    }
    if (next !== undefined) this.#waiting.feed.push(next);
  }

  #readSitemap(bytes: Uint8Array, url: URL): void {
    const { pages, sitemaps } = parseSitemap(bytes, this.#options.maxBytes);
    for (const address of sitemaps) {
      const target = URL.parse(address, url.href);
      if (target && bareHost(target) === bareHost(this.#home)) this.#waiting.sitemap.push(target.href);
    }
    for (const address of pages) {
      const page = URL.parse(address, url.href);
      if (page && this.#isOurs(page) && isPost(page, this.#shapes)) this.#add(page, url.href);
    }
  }

  #readPage(html: string, url: URL): void {
    const document = parseHtml(html);
    const base = URL.parse(document.querySelector("base[href]")?.getAttribute("href") ?? "", url.href) ?? url;
    const addressesOf = (selector: string): URL[] =>
      [...document.querySelectorAll(selector)].flatMap(
        (each) => URL.parse(each.getAttribute("href") ?? "", base.href) ?? [],
      );
    const feeds = addressesOf(
      "link[rel~='alternate'][type*='rss'], link[rel~='alternate'][type*='atom'], link[rel~='alternate'][type*='feed+json']",
    );
    const isFirst = this.#visited.size === 1;
    if (isFirst)
      this.#waiting.feed.push(...feeds.filter(({ pathname }) => !/comments?\b/.test(pathname)).map(({ href }) => href));
    for (const link of addressesOf("a[href], link[rel~='next']")) {
      if (bareHost(link) !== bareHost(this.#home)) continue;
      if (isIndexPage(link) && isUnder(link, this.#home)) this.#waiting.page.push(withoutFragment(link));
      else this.#unsure.push({ url: link, from: url.href });
    }
  }

  /** Under the home page, or addressed as the feed's posts are. */
  #isOurs(url: URL): boolean {
    const shape = shapeOf(url);
    if (bareHost(url) !== bareHost(this.#home)) return false;
    return isUnder(url, this.#home) || (shape !== "*" && this.#shapes.has(shape));
  }

  #add(url: URL, from: string): void {
    const source = sourceOf(url.href);
    const key = source.replace(/^https?:\/\/(?:www\.)?/, "").replace(/\/$/, "");
    const isHome = key === this.#home.href.replace(/^https?:\/\/(?:www\.)?/, "").replace(/\/$/, "");
    if (isHome || this.#links.has(key) || this.#links.size >= (this.#options.maxLinks ?? 10_000)) return;
    this.#links.set(key, source);
    this.#counts.set(from, (this.#counts.get(from) ?? 0) + 1);
  }

  #folder(): URL {
    const folder = new URL(this.#home);
    if (!folder.pathname.endsWith("/") && !/\.\w+$/.test(folder.pathname)) folder.pathname += "/";
    return folder;
  }
}

function withoutFragment(url: URL): string {
  const bare = new URL(url);
  bare.hash = "";
  return bare.href;
}
