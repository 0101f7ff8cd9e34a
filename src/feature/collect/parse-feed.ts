/** Feeds of a site's posts, in any of their formats, as one: RSS 0.9 to 2.0, Atom, JSON Feed. */

import { toIsoDate } from "./iso-date.ts";
import {
  attributeOf,
  childOf,
  decodeEntities,
  listOf,
  parseXml,
  textOf,
  type XmlElement,
  type XmlValue,
} from "./parse-xml.ts";

export interface FeedEntry {
  /** Absolute. */
  readonly link: string;
  readonly title: string;
  /** The text as the feed has it, whole or its beginning; empty where it has none. */
  readonly html: string;
  readonly publishedAt: string | null;
  readonly modifiedAt: string | null;
  readonly tags: readonly string[];
  readonly authors: readonly string[];
}

export interface Feed {
  readonly title: string;
  /** ISO 639-1. */
  readonly language: string | null;
  readonly entries: readonly FeedEntry[];
  /** Where older entries are. @source RFC 5005 */
  readonly next: string | undefined;
}

/** Whether an answer is a feed, by its type or, where the type says only XML, by how it begins. */
export function isFeed(media: string, text: string): boolean {
  if (/^application\/(?:rss|atom|rdf|feed)\+(?:xml|json)$/.test(media)) return true;
  const isXml = /^(?:application|text)\/xml$/.test(media) || /^\s*<\?xml/.test(text.slice(0, 200));
  const head = text.slice(0, 5000);
  return isXml && /<(?:rss|feed|rdf:RDF)[\s>]/.test(head) && !/<html[\s>]/i.test(head);
}

/** Reads a feed. Throws what its parser throws, and for a document that is none. @param base  the feed's address */
export function parseFeed(text: string, base: URL): Feed {
  if (/^\s*\{/.test(text)) return parseJsonFeed(JSON.parse(text), base);
  const root = parseXml(text);
  if (root["feed"] !== undefined) return parseAtom(root["feed"], base);
  const rss = childOf(root["rss"], "channel");
  const rdf = root["rdf:RDF"];
  if (rss === undefined && rdf === undefined) throw new TypeError("it is neither RSS nor Atom nor JSON Feed");
  return parseRss(rss ?? childOf(rdf, "channel") ?? "", listOf(rss === undefined ? itemsOf(rdf) : itemsOf(rss)), base);
}

const itemsOf = (parent: XmlValue | undefined): XmlValue | undefined => {
  const [first] = listOf(parent);
  return typeof first === "object" ? first["item"] : undefined;
};

function parseRss(channel: string | XmlElement, items: (string | XmlElement)[], base: URL): Feed {
  return {
    title: textOf(childOf(channel, "title")),
    language: languageOf(textOf(childOf(channel, "language"))),
    next: nextOf(channel, "atom:link", base),
    entries: items.flatMap((item) => {
      const text = (name: string): string => textOf(childOf(item, name));
      const guid = attributeOf(childOf(item, "guid"), "isPermaLink") === "false" ? "" : text("guid");
      const link = absolute(text("link") || guid, base);
      if (link === undefined) return [];
      return {
        link,
        title: plain(text("title")),
        html: text("content:encoded") || text("description"),
        publishedAt: toIsoDate(text("pubDate") || text("dc:date")),
        modifiedAt: toIsoDate(text("atom:updated")),
        tags: tagsOf(typeof item === "object" ? listOf(item["category"]).map(textOf) : []),
        authors: [text("dc:creator") || text("author")].filter(Boolean),
      };
    }),
  };
}

function parseAtom(feed: XmlValue, base: URL): Feed {
  const [root] = listOf(feed);
  const entries = typeof root === "object" ? listOf(root["entry"]) : [];
  return {
    title: textOf(childOf(root, "title")),
    language: languageOf(attributeOf(root, "xml:lang")),
    next: nextOf(root ?? "", "link", base),
    entries: entries.flatMap((entry) => {
      const text = (name: string): string => textOf(childOf(entry, name));
      const link = absolute(linkOf(entry) || text("id"), base);
      if (link === undefined || typeof entry !== "object") return [];
      return {
        link,
        title: plain(text("title")),
        html: atomHtml(childOf(entry, "content")) || atomHtml(childOf(entry, "summary")),
        publishedAt: toIsoDate(text("published")),
        modifiedAt: toIsoDate(text("updated")),
        tags: tagsOf(listOf(entry["category"]).map((category) => attributeOf(category, "term"))),
        authors: listOf(entry["author"])
          .map((author) => textOf(childOf(author, "name")))
          .filter(Boolean),
      };
    }),
  };
}

/** Atom's content: HTML that is escaped, HTML as it is, or text. */
function atomHtml(content: string | XmlElement | undefined): string {
  if (content === undefined) return "";
  const type = attributeOf(content, "type");
  if (type !== "xhtml") return textOf(content);
  return typeof content === "string" ? content : String(content["#text"] ?? "");
}

function linkOf(entry: string | XmlElement): string {
  const links = typeof entry === "object" ? listOf(entry["link"]) : [];
  const alternate = links.find((link) => ["", "alternate"].includes(attributeOf(link, "rel")));
  return attributeOf(alternate, "href");
}

function nextOf(parent: string | XmlElement, name: string, base: URL): string | undefined {
  const links = typeof parent === "object" ? listOf(parent[name]) : [];
  const next = links.find((link) => attributeOf(link, "rel") === "next");
  return next === undefined ? undefined : absolute(attributeOf(next, "href"), base);
}

/** @source https://www.jsonfeed.org/version/1.1/ */
function parseJsonFeed(feed: unknown, base: URL): Feed {
  const { title, language, next_url: next, items } = recordOf(feed);
  if (!Array.isArray(items)) throw new TypeError("it has no items");
  return {
    title: stringOf(title),
    language: languageOf(stringOf(language)),
    next: absolute(stringOf(next), base),
    entries: items.map(recordOf).flatMap((item) => {
      const link = absolute(stringOf(item["url"]) || stringOf(item["id"]), base);
      if (link === undefined) return [];
      const authors = Array.isArray(item["authors"]) ? item["authors"] : [];
      return {
        link,
        title: stringOf(item["title"]),
        html: stringOf(item["content_html"]) || stringOf(item["content_text"]) || stringOf(item["summary"]),
        publishedAt: toIsoDate(stringOf(item["date_published"])),
        modifiedAt: toIsoDate(stringOf(item["date_modified"])),
        tags: tagsOf(Array.isArray(item["tags"]) ? item["tags"].map(stringOf) : []),
        authors: authors.map((author) => stringOf(recordOf(author)["name"])).filter(Boolean),
      };
    }),
  };
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}; // an object has named members
const stringOf = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

const plain = (title: string): string =>
  decodeEntities(title.replace(/<[^>]*>/g, ""))
    .replace(/\s+/g, " ")
    .trim();

const languageOf = (code: string): string | null =>
  /^([a-z]{2})(?:$|[-_])/i.exec(code.trim())?.[1]?.toLowerCase() ?? null;

const tagsOf = (tags: readonly string[]): string[] => [
  ...new Set(tags.map((tag) => tag.trim().toLowerCase()).filter((tag) => tag !== "" && tag.length <= 60)),
];

function absolute(link: string, base: URL): string | undefined {
  const url = link === "" ? null : URL.parse(link.trim(), base.href);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
