/** Sitemaps: addresses of a site's pages, or of further sitemaps; as XML, packed or not, or as lines. */

import { gunzipSync } from "node:zlib";
import { listOf, parseXml, textOf, type XmlValue } from "./parse-xml.ts";

export interface Sitemap {
  readonly pages: readonly string[];
  readonly sitemaps: readonly string[];
}

/**
 * Reads a sitemap or an index of some. Throws what the parser throws.
 *
 * @param maxBytes  of the unpacked text
 * @source https://www.sitemaps.org/protocol.html
 */
export function parseSitemap(bytes: Uint8Array, maxBytes: number): Sitemap {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isPacked ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : Buffer.from(bytes)).toString("utf8");
  if (!/^\s*(?:\uFEFF)?</.test(text)) {
    return { pages: text.split(/\s+/).filter((line) => /^https?:\/\//.test(line)), sitemaps: [] };
  }
  const root = parseXml(text);
  if (root["urlset"] === undefined && root["sitemapindex"] === undefined) throw new TypeError("it is no sitemap");
  return { pages: locations(root["urlset"], "url"), sitemaps: locations(root["sitemapindex"], "sitemap") };
}

const locations = (parent: XmlValue | undefined, name: string): string[] =>
  listOf(parent)
    .flatMap((each) => (typeof each === "object" ? listOf(each[name]) : []))
    .map((each) => (typeof each === "object" ? textOf(each["loc"]) : ""))
    .filter(Boolean);
