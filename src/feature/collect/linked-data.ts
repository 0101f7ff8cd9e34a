/** What a page says of its article in JSON-LD, where it says it well-formed. */

import type { HtmlDocument } from "./html-node.ts";

export interface LinkedData {
  readonly headline?: string;
  readonly datePublished?: string;
  /** `false` when the publisher marks the text as paid or for members. */
  readonly isAccessibleForFree?: boolean;
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
  const text = (name: string): string | undefined =>
    entries.map((entry) => entry[name]).find((value): value is string => typeof value === "string" && value !== "");
  const [headline, datePublished] = [text("headline"), text("datePublished")];
  const free = entries.map(({ isAccessibleForFree }) => isAccessibleForFree).find((value) => value !== undefined);
  return {
    ...(headline === undefined ? {} : { headline }),
    ...(datePublished === undefined ? {} : { datePublished }),
    ...(free === undefined ? {} : { isAccessibleForFree: !/^false$/i.test(String(free)) }),
  };
}

type Entry = Readonly<Record<string, unknown>>;

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
