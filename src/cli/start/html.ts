/** Text into HTML without a way out of it: every interpolated value is escaped unless it is HTML already. */

export interface Html {
  readonly html: string;
}
type Part = Html | string | number | null | undefined | readonly Part[];

/** A template whose values are escaped; arrays are joined, `null` and `undefined` are nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: strings.reduce((text, string, i) => text + toHtml(parts[i - 1]) + string) };
}

/** Marks text that is HTML already: a style sheet or script of our own. */
export function trusted(text: string): Html {
  return { html: text };
}

function toHtml(part: Part): string {
  if (part === null || part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  if (isHtml(part)) return part.html;
  return part.map(toHtml).join("");
}

function isHtml(part: Part): part is Html {
  return typeof part === "object" && part !== null && "html" in part;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
