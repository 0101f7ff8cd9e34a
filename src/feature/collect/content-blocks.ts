/** A page's content as the blocks that a reader sees: paragraphs, headings, lists, captions, each with its links. */

import { type HtmlElement, type HtmlNode, isElement } from "./html-node.ts";

/** One block, and what it is made of. */
export interface ContentBlock {
  /** An element with nothing of a block's inside, a whole list, or the loose text between two blocks. */
  readonly nodes: readonly HtmlNode[];
  /** Of the element, else of what the loose text stands in. Upper case. */
  readonly tag: string;
  /** The element, else what the loose text stands in. */
  readonly element: HtmlElement;
  /** White space as one space. */
  readonly text: string;
  readonly wordCount: number;
  readonly links: readonly HtmlElement[];
  /** Words inside the links. */
  readonly linkWordCount: number;
  /** Level of a heading, else 0. */
  readonly headingLevel: number;
}

const BLOCK_TAGS = new Set(
  (
    "ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY DD DETAILS DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER " +
    "HR LI MAIN OL P PRE SECTION SUMMARY TABLE TBODY TD TH THEAD TR UL"
  ).split(" "),
);
/** Taken as one, with all that is in them. */
const WHOLE_TAGS = new Set(["PRE", "UL", "OL", "DL", "TABLE"]);

/** The blocks under `root` in their order; those without a word are left out. */
export function contentBlocks(root: HtmlElement): ContentBlock[] {
  const blocks: ContentBlock[] = [];
  const add = (nodes: readonly HtmlNode[], element: HtmlElement): void => {
    const block = toBlock(nodes, element);
    if (block.wordCount > 0) blocks.push(block);
  };
  const walk = (parent: HtmlElement): void => {
    let loose: HtmlNode[] = [];
    const flush = (): void => {
      if (loose.length > 0) add(loose, parent);
      loose = [];
    };
    for (const child of [...parent.childNodes]) {
      if (!isElement(child) || !holdsBlocks(child)) loose.push(child);
      else {
        flush();
        if (isWhole(child)) add([child], child);
        else walk(child);
      }
    }
    flush();
  };
  walk(root);
  return blocks;
}

export const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

function toBlock(nodes: readonly HtmlNode[], element: HtmlElement): ContentBlock {
  const elements = nodes.filter(isElement);
  const links = elements.flatMap((node) => (node.tagName === "A" ? [node] : [...node.querySelectorAll("a")]));
  const text = nodes
    .map((node) => node.textContent ?? "")
    .join("")
    .replace(/\s+/g, " ")
    .trim();
  return {
    nodes,
    element,
    tag: element.tagName,
    text,
    wordCount: wordsOf(text).length,
    links,
    linkWordCount: links.reduce((sum, link) => sum + wordsOf(link.textContent ?? "").length, 0),
    headingLevel: Number(/^H([1-6])$/.exec(element.tagName)?.[1] ?? 0),
  };
}

const holdsBlocks = (element: HtmlElement): boolean =>
  BLOCK_TAGS.has(element.tagName) || [...element.childNodes].some((child) => isElement(child) && holdsBlocks(child));

const isWhole = (element: HtmlElement): boolean =>
  WHOLE_TAGS.has(element.tagName) || ![...element.childNodes].some((child) => isElement(child) && holdsBlocks(child));
