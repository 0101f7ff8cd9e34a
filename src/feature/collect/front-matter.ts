/** What the head of a text file says about it: YAML or TOML-like lines between `---` or `+++`. */

import { parse } from "yaml";
import { toIsoDate } from "./iso-date.ts";

export interface FrontMatter {
  readonly title?: string;
  readonly publishedAt?: string;
  readonly modifiedAt?: string;
  /** ISO 639-1. */
  readonly language?: string;
  /** Lower case. */
  readonly tags?: string[];
  readonly canonicalUrl?: string;
  readonly licence?: string;
  /** The file asks not to be collected: `trilith: ignore`. */
  readonly isIgnored: boolean;
  /** Of the whole front matter with its marks; 0 where there is none. */
  readonly length: number;
}

/** Reads the front matter of a text. One that is damaged says nothing; the text is taken all the same. */
export function readFrontMatter(text: string): FrontMatter {
  const match = /^\uFEFF?(---|\+\+\+)[ \t]*\r?\n([\s\S]*?)\r?\n\1[ \t]*(?:\r?\n|$)/.exec(text);
  if (!match) return { isIgnored: false, length: 0 };
  const [whole, mark, body = ""] = match;
  const fields = mark === "---" ? parseYaml(body) : parseToml(body);
  const said = {
    title: textIn(fields, "title"),
    publishedAt: dateIn(fields, "date", "published", "publishedAt", "created"),
    modifiedAt: dateIn(fields, "updated", "modified", "lastmod", "last_modified_at"),
    language: /^[a-z]{2}(?![a-z])/i.exec(textIn(fields, "lang", "language") ?? "")?.[0].toLowerCase(),
    tags: tagsIn(fields),
    canonicalUrl: textIn(fields, "canonical_url", "canonicalUrl", "canonical"),
    licence: textIn(fields, "license", "licence"),
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), isIgnored: fields["trilith"] === "ignore", length: whole.length };
}

const firstOf = (fields: Fields, names: readonly string[]): unknown =>
  names.map((name) => fields[name]).find((value) => value !== undefined && value !== null);

function textIn(fields: Fields, ...names: string[]): string | undefined {
  const value = firstOf(fields, names);
  return value === undefined || typeof value === "object" ? undefined : String(value).trim() || undefined;
}

function dateIn(fields: Fields, ...names: string[]): string | undefined {
  const value = firstOf(fields, names);
  return toIsoDate(value instanceof Date ? value.toISOString() : String(value ?? "")) ?? undefined;
}

/** A list, or words between commas. */
function tagsIn(fields: Fields): string[] | undefined {
  const value = firstOf(fields, ["tags", "keywords", "categories"]);
  const list = Array.isArray(value) ? value.map(String) : typeof value === "string" ? value.split(",") : [];
  const tags = [...new Set(list.map((tag) => tag.trim().toLowerCase()))].filter((tag) => tag !== "");
  return tags.length === 0 ? undefined : tags;
}

type Fields = Readonly<Record<string, unknown>>;

function parseYaml(body: string): Fields {
  try {
    const value: unknown = parse(body, { logLevel: "error" });
    return typeof value === "object" && value !== null ? (value as Fields) : {}; // an object has named members
  } catch {
    return {}; // a template's placeholders, or no YAML at all
  }
}

/** `key = "value"` lines: all that a title and a date need. */
function parseToml(body: string): Fields {
  const pairs = [...body.matchAll(/^([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))\s*$/gm)];
  return Object.fromEntries(pairs.map(([, key = "", double, single, bare]) => [key, double ?? single ?? bare]));
}
