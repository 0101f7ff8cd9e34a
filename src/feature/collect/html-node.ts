/** The part of the DOM that collecting reads, and the parser that gives it. */

import { parseHTML } from "linkedom";

export interface HtmlNode {
  /** 1 element, 3 text. */
  readonly nodeType: number;
  readonly textContent: string | null;
  readonly childNodes: Iterable<HtmlNode>;
  readonly parentNode: HtmlElement | null;
  remove(): void;
}

export interface HtmlElement extends HtmlNode {
  /** Upper case. */
  readonly tagName: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): HtmlElement | null;
  querySelectorAll(selector: string): Iterable<HtmlElement>;
  append(...nodes: readonly HtmlNode[]): void;
}

export interface HtmlDocument extends HtmlElement {
  readonly body: HtmlElement;
  readonly documentElement: HtmlElement | null;
}

/** Deeper pages are refused before they are parsed, which would take minutes. Browsers stop at 512 levels. */
const MOST_DEEP = 5000;
/** Finding the content takes time that grows faster than the page; no text has as many. */
const MOST_ELEMENTS = 150_000;

/**
 * Parses a page, also one that is only a fragment or damaged. Everything that is shown is in the body.
 *
 * @throws {RangeError} when it has more than 150,000 elements, or nests them deeper than 5,000 levels
 */
export function parseHtml(html: string): HtmlDocument {
  const { depth, elementCount } = measureTags(html);
  if (depth > MOST_DEEP) throw new RangeError(`more than ${MOST_DEEP} levels`);
  if (elementCount > MOST_ELEMENTS) throw new RangeError(`more than ${MOST_ELEMENTS} elements`);
  const document = /<html[\s>]/i.test(html) ? parse(html) : parse(wrap(html));
  const whole = document.documentElement?.tagName === "HTML" ? document : parse(wrap(html));
  const { body } = whole;
  const { documentElement: root } = whole;
  const strays = [...(root?.childNodes ?? []), ...whole.childNodes].filter(
    (node) => node !== root && node !== body && (node.nodeType === 3 || (isElement(node) && node.tagName !== "HEAD")),
  );
  for (const node of strays) body.append(node);
  return whole;
}

/** The fragment in a page of its own; what is left of another page's frame is taken off. */
const wrap = (html: string): string =>
  `<!doctype html><html><head></head><body>${html.replace(/<\/?(?:html|head|body)\b[^>]{0,2000}>/gi, "")}</body></html>`;

const parse = (html: string): HtmlDocument => parseHTML(html).document as unknown as HtmlDocument; // the interfaces above are subsets of the DOM that linkedom implements

/** Elements that end where the next one begins, or at once. */
const NOT_NESTING = new Set(
  "p li dt dd tr td th option thead tbody tfoot area base br col embed hr img input link meta source track wbr".split(
    " ",
  ),
);

/** How many tags are opened, and how deep without being closed: upper bounds, found without parsing. */
function measureTags(html: string): { readonly depth: number; readonly elementCount: number } {
  const name = /\/?[a-z][a-z0-9]*/iy;
  let [level, depth, elementCount] = [0, 0, 0];
  for (let at = html.indexOf("<"); at !== -1; at = html.indexOf("<", at + 1)) {
    name.lastIndex = at + 1;
    const tag = name.exec(html)?.[0].toLowerCase() ?? "";
    if (tag !== "" && !tag.startsWith("/")) elementCount++;
    if (tag === "script" || tag === "style") {
      const end = html.indexOf(`</${tag}`, at);
      if (end === -1) break;
      at = end;
    } else if (tag.startsWith("/")) level -= level > 0 && !NOT_NESTING.has(tag.slice(1)) ? 1 : 0;
    else if (tag !== "" && !NOT_NESTING.has(tag)) depth = Math.max(depth, ++level);
  }
  return { depth, elementCount };
}

export const isElement = (node: HtmlNode): node is HtmlElement => node.nodeType === 1;
