/**
 * What a site repeats around every text: share bars, subscription boxes, navigation, legal lines.
 * Found by repetition over one site's documents, never by a list. A block counts as repeated when most documents
 * of the site have it and it stands beside the same neighbour there; the author's own refrains wander, and stay.
 */

import type { RawDocument } from "../../contracts/documents.ts";
import { type NormalizedLine, normalizeLines, parseMarkdownBlocks } from "../../text/index.ts";

/** A site shows what it repeats only over this many documents. */
const LEAST_DOCUMENTS = 3;
/** Share of a site's documents that have a block beside the same neighbour. */
const REPEATED_FRACTION = 0.6;
/** Share of documents that have a block, wherever it stands. */
const EVERYWHERE_FRACTION = 0.9;
/** Whole sentences are mostly the author's; only over this many documents, nearly all of them, are they the site's. */
const LEAST_FOR_SENTENCES = 10;
const SENTENCE_WORDS = 4;
/** Share of the documents with two blocks in which one follows the other: what stands between them elsewhere is foreign. */
const SEAM_FRACTION = 0.8;
/** Repeated blocks in a row before and after a seam, for what is inserted there to count as the site's. */
const SEAM_RUN = 3;
/** Longer blocks are never a site's. */
const LONGEST_WORDS = 40;

/** What one site repeats. */
export interface SiteBoilerplate {
  readonly blocks: ReadonlySet<string>;
  /** Pairs of repeated blocks that stand together almost everywhere. */
  readonly seams: ReadonlySet<string>;
}

/** By site: platform and author. */
export type Boilerplate = ReadonlyMap<string, SiteBoilerplate>;

/**
 * Learns what each site repeats, from its articles. A folder is not a site, nor is a repository or a list of posts:
 * they are the author's own, whatever they repeat.
 *
 * @param documents  all that are known of the sites, the more the better; fewer than three of a site teach nothing
 */
export async function findBoilerplate(
  documents: AsyncIterable<RawDocument> | Iterable<RawDocument>,
): Promise<Boilerplate> {
  const sites = new Map<string, SiteBlock[][]>();
  for await (const document of documents) {
    if (document.kind !== "article" || document.platform === "folder") continue;
    const members = sites.get(siteOf(document)) ?? [];
    members.push(siteBlocks(normalizeLines(document.content)));
    sites.set(siteOf(document), members);
  }
  const found = new Map<string, SiteBoilerplate>();
  for (const [site, members] of sites) {
    if (members.length >= LEAST_DOCUMENTS) {
      found.set(site, learnSite(members));
    }
  }
  return found;
}

/** The lines without what the document's site repeats. */
export function withoutBoilerplate(
  lines: readonly NormalizedLine[],
  document: Pick<RawDocument, "platform" | "authorId">,
  boilerplate: Boilerplate,
): NormalizedLine[] {
  const site = boilerplate.get(siteOf(document));
  if (site === undefined) return [...lines];
  const blocks = siteBlocks(lines);
  const dropped = new Set<number>();
  for (const [index, isSite] of foreignBlocks(blocks, site).entries()) {
    const { startLine = 0, endLine = 0 } = blocks[index] ?? {};
    if (isSite) for (let line = startLine; line < endLine; line++) dropped.add(line);
  }
  return lines.filter((_, line) => !dropped.has(line));
}

interface SiteBlock {
  /** White space collapsed; what differs between documents but means the same has one name. */
  readonly key: string;
  readonly kind: "heading" | "label" | "sentence" | "filler" | "text";
  readonly startLine: number;
  readonly endLine: number;
}

const siteOf = ({ platform, authorId }: Pick<RawDocument, "platform" | "authorId">): string =>
  `${platform}\n${authorId}`;

const COUNT = /^(?:#+|\d[\d.,]*[kKmM]?)$/;
const DATE = /^(?:\p{Lu}\p{L}{2,8}\.? \d{1,2}, \d{4}|\d{1,2} \p{Lu}\p{L}{2,8} \d{4}|\d{4}-\d{2}-\d{2})$/u;

function siteBlocks(lines: readonly NormalizedLine[]): SiteBlock[] {
  const text = lines.map((line) => line.text).join("\n");
  return parseMarkdownBlocks(text).map(({ kind, start, end, startLine, endLine }) => {
    const key = text.slice(start, end).trim().replace(/\s+/g, " ");
    const span = { startLine, endLine };
    if (COUNT.test(key)) return { key: "(count)", kind: "filler", ...span };
    if (DATE.test(key)) return { key: "(date)", kind: "filler", ...span };
    if (kind === "code" || kind === "break" || !/\p{L}/u.test(key) || key.split(" ").length > LONGEST_WORDS) {
      return { key, kind: "text", ...span };
    }
    if (kind === "heading") return { key, kind, ...span };
    return { key, kind: kind === "paragraph" && isSentence(key) ? "sentence" : "label", ...span };
  });
}

const isSentence = (key: string): boolean =>
  key.split(" ").length >= SENTENCE_WORDS && /[.!?…。！？]["'”’»)\]*_]*$/.test(key);

function learnSite(documents: readonly SiteBlock[][]): SiteBoilerplate {
  const having = new Map<string, number>();
  const beside = new Map<string, number>();
  for (const blocks of documents) {
    for (const key of new Set(blocks.filter(isCandidate).map(({ key }) => key))) increment(having, key);
    for (const pair of new Set(pairsOf(blocks))) increment(beside, pair);
  }
  const closest = new Map<string, number>();
  for (const [pair, count] of beside) {
    for (const key of pair.split("\n")) closest.set(key, Math.max(closest.get(key) ?? 0, count));
  }
  const sentences = new Set(
    documents.flatMap((blocks) => blocks.filter(({ kind }) => kind === "sentence").map(({ key }) => key)),
  );
  const isRepeated = ([key, count]: [string, number]): boolean => {
    const isEverywhere = count >= EVERYWHERE_FRACTION * documents.length;
    if (sentences.has(key)) return isEverywhere && documents.length >= LEAST_FOR_SENTENCES;
    return isEverywhere || (closest.get(key) ?? 0) >= REPEATED_FRACTION * documents.length;
  };
  const blocks = new Set([...having].filter(isRepeated).map(([key]) => key));
  const seams = [...beside].filter(([pair, count]) => {
    const [first = "", second = ""] = pair.split("\n");
    const both = Math.min(having.get(first) ?? 0, having.get(second) ?? 0);
    return blocks.has(first) && blocks.has(second) && count >= SEAM_FRACTION * both;
  });
  return { blocks, seams: new Set(seams.map(([pair]) => pair)) };
}

const isCandidate = ({ kind }: SiteBlock): boolean => kind === "label" || kind === "heading" || kind === "sentence";
const pairsOf = (blocks: readonly SiteBlock[]): string[] =>
  blocks.slice(1).map(({ key }, i) => `${blocks[i]?.key}\n${key}`);
const increment = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** For each block, whether it is the site's and not the author's. */
function foreignBlocks(blocks: readonly SiteBlock[], site: SiteBoilerplate): boolean[] {
  const foreign = blocks.map((block) => isCandidate(block) && site.blocks.has(block.key));
  markSeams(blocks, foreign, site);
  markFillers(blocks, foreign);
  // A heading goes only with what it heads: an author's "Conclusion" is repeated too, over other words each time.
  for (let i = blocks.length - 1; i >= 0; i--) {
    if (blocks[i]?.kind === "heading" && i + 1 < blocks.length) foreign[i] &&= foreign[i + 1] ?? false;
  }
  return foreign;
}

/** Marks what a document has between two blocks that stand together elsewhere: comments inside a footer. */
function markSeams(blocks: readonly SiteBlock[], foreign: boolean[], { seams }: SiteBoilerplate): void {
  for (let start = SEAM_RUN; start < blocks.length; start++) {
    const end = foreign.indexOf(true, start);
    const isInserted =
      end > start &&
      seams.has(`${blocks[start - 1]?.key}\n${blocks[end]?.key}`) &&
      foreign.slice(start - SEAM_RUN, start).every(Boolean) &&
      foreign.slice(end, end + SEAM_RUN).every(Boolean);
    if (isInserted) foreign.fill(true, start, end);
  }
}

/** Marks counts and dates beside repeated blocks, and titles shown again between two of them. */
function markFillers(blocks: readonly SiteBlock[], foreign: boolean[]): void {
  const shown = Map.groupBy(blocks, ({ key }) => key);
  const isFiller = (i: number): boolean => {
    const block = blocks[i];
    return (
      block !== undefined &&
      (block.kind === "filler" || (isCandidate(block) && (shown.get(block.key)?.length ?? 0) > 1))
    );
  };
  for (let start = 0; start < blocks.length; start++) {
    if (foreign[start]) continue;
    let end = start;
    while (end < blocks.length && !foreign[end] && isFiller(end)) end++;
    const between = (start === 0 || foreign[start - 1]) && (end === blocks.length || foreign[end]);
    if (end > start && between) foreign.fill(true, start, end);
    start = Math.max(start, end - 1);
  }
  const places = [...blocks.keys()];
  for (const i of [...places, ...places.toReversed()]) {
    if (blocks[i]?.kind === "filler" && (foreign[i - 1] || foreign[i + 1])) foreign[i] = true;
  }
}
