/** What the head of a text file says about it: YAML or TOML-like lines between `---` or `+++`. */

import { parse } from "yaml";
import { toIsoDate } from "./iso-date.ts";

export interface FrontMatter {
  readonly title?: string;
  readonly publishedAt?: string;
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
  const title = fields["title"] === undefined ? "" : String(fields["title"]).trim();
  const date = fields["date"] ?? fields["published"] ?? fields["publishedAt"] ?? fields["created"];
  const publishedAt = toIsoDate(date instanceof Date ? date.toISOString() : String(date ?? ""));
  return {
    ...(title === "" ? {} : { title }),
    ...(publishedAt === null ? {} : { publishedAt }),
    isIgnored: fields["trilith"] === "ignore",
    length: whole.length,
  };
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
