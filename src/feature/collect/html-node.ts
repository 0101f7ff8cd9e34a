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
}

export interface HtmlDocument extends HtmlElement {
  readonly body: HtmlElement;
  readonly documentElement: HtmlElement | null;
}

/** Parses a page, also one that is only a fragment or damaged. */
export function parseHtml(html: string): HtmlDocument {
  const isWhole = /<html[\s>]/i.test(html);
  const { document } = parseHTML(isWhole ? html : `<!doctype html><html><head></head><body>${html}</body></html>`);
  return document as unknown as HtmlDocument; // the interfaces above are subsets of the DOM that linkedom implements
}

export const isElement = (node: HtmlNode): node is HtmlElement => node.nodeType === 1;
