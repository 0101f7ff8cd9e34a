/**
 * What a page puts into its article that is no part of it, taken out of the content that was found: captions and
 * credits, links to the site's other pages, the title and the date once more, calls to subscribe. Structure decides
 * first (where a block stands, how much of it is links, where they lead); words decide only for short blocks.
 */

import { type ContentBlock, contentBlocks, wordsOf } from "./content-blocks.ts";
import type { HtmlElement } from "./html-node.ts";

/** What the page says of itself. */
export interface PageFacts {
  readonly title: string;
  readonly authors: readonly string[];
  readonly url: URL | undefined;
}

type Rule = (blocks: readonly ContentBlock[], dropped: Set<ContentBlock>, facts: PageFacts) => void;

const each =
  (test: (block: ContentBlock, facts: PageFacts) => boolean): Rule =>
  (blocks, dropped, facts) => {
    for (const block of blocks) if (block.tag !== "PRE" && test(block, facts)) dropped.add(block);
  };

/** By name, in the order in which they are applied. */
const RULES = {
  caption: each(isCaption),
  label: each(isLabel),
  linkOut: each(isLinkOut),
  call: each(isCall),
  opening: dropOpening,
  ending: dropEnding,
  orphan: dropOrphanedHeadings,
} satisfies Record<string, Rule>;
export type PruningRule = keyof typeof RULES;
export const PRUNING_RULES = Object.keys(RULES) as readonly PruningRule[]; // the keys of the record above

/** Removes from `content` what is no part of the article. Nothing is removed when it would leave less than half of the words. */
export function pruneContent(content: HtmlElement, facts: PageFacts, rules = PRUNING_RULES): void {
  const blocks = contentBlocks(content);
  const dropped = new Set<ContentBlock>();
  for (const rule of rules) RULES[rule](blocks, dropped, facts);
  if (countWords(dropped) > countWords(blocks) / 2) return;
  for (const { nodes } of dropped) for (const node of nodes) node.remove();
}

const countWords = (blocks: Iterable<ContentBlock>): number =>
  [...blocks].reduce((sum, { wordCount }) => sum + wordCount, 0);

/** A picture's caption: what a figure says beside the picture, or a short block that names whose picture it is. */
function isCaption(block: ContentBlock): boolean {
  const { element, tag, text, wordCount } = block;
  if (tag === "TABLE" || tag === "BLOCKQUOTE") return false;
  if (tag === "FIGCAPTION" || closest(element, (around) => around.tagName === "FIGCAPTION")) return true;
  if (wordCount > 80) return false;
  const figure = closest(element, (around) => around.tagName === "FIGURE");
  if (figure && figure.querySelector("pre, table, blockquote") === null) return true;
  if (hasName(element, /^(?:wp-)?(?:image-?|photo-?|media-?|img-?)?(?:caption|credit|copyright)s?(?:-?text)?$/i))
    return true;
  return wordCount <= 60 && CREDIT.test(text);
}

const CREDIT =
  /\((?:image|photo|picture|credit|foto)s?\b[^)]{0,80}\)?\s*$|^(?:image|photo|picture|foto)s?(?: credit| copyright| caption| by)?\s*[:©]|^(?:image|media) ?(?:copyright|caption)|\bgetty(?: images)?\s*\)?$|\bcredits?\s?:[^.]{0,60}$|^©|\/ ?(?:AP|EPA|AFP|Reuters|Shutterstock)(?: \w+)?\)?$|^image \d+ of\b/i;

/** A word or two that belong to the page: an advertisement's mark, a button's text. */
function isLabel({ text, wordCount }: ContentBlock): boolean {
  return wordCount <= 6 && LABEL.test(text);
}

const LABEL =
  /^(?:advert(?:isement|s)?|(?:article )?continue[sd]? (?:reading )?below(?: advertisement)?|skip to content|sign in|log in|subscribe|comments?|post (?:a )?comments?(?: \(\+?\d*\))?|share(?: this)?(?: (?:post|article|story))?|caption|close|enlarge(?: image)?|loading(?: content)?|read more|learn more|more:?|related(?: (?:news|stories|articles|posts))?:?|highlights|view author archive|(?:breaking|latest) news|this slideshow requires javascript|media playback is unsupported on your device)[\s.…]*$/i;

/** A block that is only links to other pages of the same site, or one with a label before it. */
function isLinkOut(
  { tag, text, wordCount, links, linkWordCount, headingLevel }: ContentBlock,
  { url }: PageFacts,
): boolean {
  if (links.length === 0 || wordCount < 2 || url === undefined || headingLevel > 0) return false;
  const label = /^[^:]{2,40}:/.exec(text)?.[0] ?? "";
  const unlinked = wordCount - linkWordCount;
  const isBare = unlinked <= 1 || (unlinked <= wordsOf(label).length && wordsOf(label).length <= 4);
  if (!isBare) return false;
  const inside = links.filter((link) => isInside(link.getAttribute("href"), url)).length;
  const isList = tag === "UL" || tag === "OL";
  return isList ? inside > links.length / 2 : inside === links.length;
}

function isInside(href: string | null, page: URL): boolean {
  if (href === null || href.startsWith("#")) return false;
  const target = URL.parse(href, page.href);
  if (target === null || !/^https?:$/.test(target.protocol)) return false;
  const [here, there] = [page, target].map(({ hostname }) => hostname.replace(/^www\./, "")) as [string, string]; // of two
  return here === there || here.endsWith(`.${there}`) || there.endsWith(`.${here}`);
}

/** A short call to subscribe, share or follow, set apart from the text: in a link, in bold or italics, or as a heading. */
function isCall({ element, text, wordCount, links, headingLevel }: ContentBlock): boolean {
  if (wordCount > 40 || !CALL.test(text)) return false;
  const emphasized = [...element.querySelectorAll("em, i, strong, b")];
  const marked = Math.max(0, ...emphasized.map((mark) => wordsOf(mark.textContent ?? "").length));
  return headingLevel > 0 || links.length > 0 || marked >= wordCount / 2;
}

const CALL =
  /\b(?:subscribe|sign up|newsletters?|follow (?:us|me|him|her|them|@\w+|[A-Z]\w+) on|follow \w+(?: on)? (?:twitter|instagram|facebook)|click(?:ing)? here (?:to|for)|by clicking here|get the .{2,30} app|share (?:it|this)|download our app|in your inbox|more information)\b/i;

/** Before the first paragraph: the title once more, dates, names, addresses. */
function dropOpening(blocks: readonly ContentBlock[], dropped: Set<ContentBlock>, facts: PageFacts): void {
  for (const block of blocks) {
    if (dropped.has(block)) continue;
    if (block.tag === "PRE") return;
    if (isOpening(block, facts)) dropped.add(block);
    else if (isProse(block)) return;
  }
}

const isProse = ({ text, wordCount, linkWordCount, headingLevel }: ContentBlock): boolean =>
  headingLevel === 0 && wordCount >= 20 && linkWordCount < wordCount / 2 && /[.!?…。]["”’)]*(?:\s|$)/.test(text);

function isOpening(block: ContentBlock, { title, authors }: PageFacts): boolean {
  const { element, text, wordCount } = block;
  if (sameWords(text, title)) return true;
  if (wordCount > 25) return false;
  if (/^https?:\/\/\S+$/.test(text)) return true;
  if (wordCount <= 14 && (DATE.test(text) || element.querySelector("time") !== null)) return true;
  if (wordCount <= 12 && /^(?:by|By|BY|[Vv]on|[Pp]or|[Pp]ar|[Dd]i)\s+\p{Lu}/u.test(text)) return true;
  return wordCount <= 12 && authors.some((author) => text.includes(author));
}

const DATE =
  /\b(?:19|20)\d{2}\b.*\b\d{1,2}:\d{2}|\b\d{1,2}:\d{2}\b.*\b(?:19|20)\d{2}\b|\b(?:published|updated|posted)\b.*\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|\b\d{1,2}\.? \p{L}{3,9} (?:de )?(?:19|20)\d{2}\b/iu;

function sameWords(text: string, title: string): boolean {
  const [a, b] = [text, title].map((one) => wordsOf(one.toLowerCase()).join(" ")) as [string, string]; // of two
  return a !== "" && (a === b || (b.startsWith(a) && a.length > b.length / 2));
}

/** After the last paragraph: who the author is, whose the rights are, where to follow. */
function dropEnding(blocks: readonly ContentBlock[], dropped: Set<ContentBlock>, { authors }: PageFacts): void {
  for (const block of blocks.toReversed()) {
    if (dropped.has(block)) continue;
    const { text, wordCount, headingLevel, tag } = block;
    if (tag === "PRE") return;
    const isEnding =
      headingLevel > 0 ||
      (wordCount <= 80 && (ENDING.test(text) || CALL.test(text))) ||
      (wordCount <= 80 && authors.some((author) => text.startsWith(author))) ||
      (wordCount <= 2 && !/[.!?…。:)]$/.test(text));
    if (!isEnding) return;
    dropped.add(block);
  }
}

const ENDING =
  /^(?:sources?|via|tags?|citation|copyright)\s*:|^(?:filed under|first published|copyright|about the author)\b|^(?:©|via \S+$)|\ball rights reserved\b|\bcopyright\b|\bcontributed to this (?:report|story|article)\b|^\W*(?:additional )?reporting by\b|\bemail .{3,40} at\b|\baffiliate\b/i;

/** Headings under which nothing is left, and those of a list that was taken out. */
function dropOrphanedHeadings(blocks: readonly ContentBlock[], dropped: Set<ContentBlock>): void {
  for (const [index, block] of blocks.entries()) {
    if (block.headingLevel === 0 || dropped.has(block)) continue;
    const rest = blocks.slice(index + 1);
    const end = rest.findIndex(({ headingLevel }) => headingLevel > 0 && headingLevel <= block.headingLevel);
    const headed = end === -1 ? rest : rest.slice(0, end);
    const [first] = headed;
    const isOfList = first !== undefined && /^[UO]L$/.test(first.tag) && dropped.has(first);
    if (isOfList || (headed.length > 0 && headed.every((one) => dropped.has(one)))) dropped.add(block);
  }
}

function closest(element: HtmlElement, test: (element: HtmlElement) => boolean): HtmlElement | undefined {
  for (let around: HtmlElement | null = element; around !== null && around.nodeType === 1; around = around.parentNode) {
    if (test(around)) return around;
  }
  return undefined;
}

/** Whether the element, or one of the two around it, bears a class or id of that name. */
function hasName(element: HtmlElement, name: RegExp): boolean {
  let around: HtmlElement | null = element;
  for (let height = 0; height < 3 && around !== null && around.nodeType === 1; height++, around = around.parentNode) {
    const names = `${around.getAttribute("class") ?? ""} ${around.getAttribute("id") ?? ""}`.split(/[\s_]+|--/);
    if (names.some((one) => name.test(one))) return true;
  }
  return false;
}
