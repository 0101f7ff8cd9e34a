/** What a page says of its article in JSON-LD, where it says it well-formed. */

import type { HtmlDocument } from "./html-node.ts";

export interface LinkedData {
  readonly headline?: string | undefined;
  readonly url?: string | undefined;
  readonly datePublished?: string | undefined;
  readonly dateModified?: string | undefined;
  readonly inLanguage?: string | undefined;
  readonly license?: string | undefined;
  readonly authors: readonly string[];
  readonly keywords: readonly string[];
  /** `false` when the publisher marks the text as paid or for members. */
  readonly isAccessibleForFree?: boolean | undefined;
}

/**
 * The first article's facts.
 *
 * @source https://developers.google.com/search/docs/appearance/structured-data/paywalled-content for `isAccessibleForFree`
 */
export function readLinkedData(document: HtmlDocument): LinkedData {
  const entries = [...document.querySelectorAll("script[type='application/ld+json']")]
    .flatMap((script) => flatten(parseJson(script.textContent ?? "")))
    .filter((entry) => /Article|Posting|Report/.test(String(entry["@type"])));
  const all = (name: string): unknown[] => entries.map((entry) => entry[name]).filter((value) => value !== undefined);
  const text = (name: string): string | undefined => all(name).map(textOf).find(Boolean);
  const [free] = all("isAccessibleForFree");
  return {
    headline: text("headline"),
    url: text("url"),
    datePublished: text("datePublished"),
    dateModified: text("dateModified"),
    inLanguage: text("inLanguage"),
    license: text("license"),
    authors: [all("author")[0] ?? []].flat().map(textOf).filter(Boolean),
    keywords: [all("keywords")[0] ?? []].flat().flatMap((each) => textOf(each).split(",")),
    isAccessibleForFree: free === undefined ? undefined : !/^false$/i.test(String(free)),
  };
}

type Entry = Readonly<Record<string, unknown>>;

/** Of a string, or of a thing with a name or an address. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const { name, alternateName, url, "@id": id } = value as Entry; // an object has named members
  return [name, alternateName, url, id].find((each): each is string => typeof each === "string" && each !== "") ?? "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // damaged JSON-LD says nothing; the page's other marks do
  }
}

/** Objects in arrays and in `@graph`. */
function flatten(value: unknown): Entry[] {
  if (Array.isArray(value)) return value.flatMap(flatten);
  if (typeof value !== "object" || value === null) return [];
  const entry = value as Entry; // an object has named members
  return [entry, ...flatten(entry["@graph"] ?? [])];
}
