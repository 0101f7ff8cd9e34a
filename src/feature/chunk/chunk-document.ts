/**
 * A cleaned document as chunks that follow its structure: blocks are merged up to a target and never over a maximum,
 * a heading stays with what it heads, numbered notes stay together. Nothing is dropped and nothing is said twice.
 */

import { provenanceOf } from "../../contracts/documents.ts";
import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { headingText, type MarkdownBlock, parseMarkdownBlocks } from "../../text/index.ts";
import { type Span, splitSpan } from "./split-span.ts";

/** How large chunks are, in whose tokens. */
export interface ChunkOptions {
  /** In the embedder's own tokens. */
  countTokens(text: string): number;
  /** No chunk is longer: the embedder's window. */
  readonly maxTokens: number;
  /** Chunks grow up to this; a block between target and maximum stays whole. Default three quarters of the maximum. */
  readonly targetTokens?: number;
}

/** A heading after this share of the target begins a new chunk. */
const SECTION_FRACTION = 0.5;
/** A last chunk under this share of the target joins the one before it where the maximum allows. */
const REST_FRACTION = 0.25;

/**
 * The document's chunks in order; an empty document has none. Deterministic: equal documents give equal ids.
 * Only where a single character has more tokens than `maxTokens` is a chunk longer.
 */
export function chunkDocument(document: CleanedDocument, options: ChunkOptions): Chunk[] {
  const { text } = document;
  const blocks = parseMarkdownBlocks(text);
  const spans = mergeUnits(unitsOf(text, blocks, options), measured(text, options));
  const pathAt = headingPaths(text, blocks);
  return spans.map(({ start, end }, index) => {
    const slice = text.slice(start, end);
    return {
      id: `chunk-${shortHash(hashJson([document.id, document.version, start, end]))}`,
      documentId: document.id,
      documentVersion: document.version,
      ...provenanceOf(document),
      index,
      start,
      end,
      text: slice,
      headings: pathAt(start),
      tokenCount: options.countTokens(slice),
      sourceLines: document.sourceLines?.slice(lineAt(text, start), lineAt(text, end) + 1) ?? null,
    };
  });
}

/** A span that is kept whole. */
interface Unit extends Span {
  readonly opensSection: boolean;
}

interface Limits {
  readonly target: number;
  readonly max: number;
  size(span: Span): number;
}

const measured = (text: string, { countTokens, maxTokens, targetTokens }: ChunkOptions): Limits => ({
  max: maxTokens,
  target: Math.min(maxTokens, targetTokens ?? Math.floor(maxTokens * 0.75)),
  size: ({ start, end }) => countTokens(text.slice(start, end)),
});

/** Blocks as units of at most the maximum: headings joined to the next block, notes to each other, long blocks cut. */
function unitsOf(text: string, blocks: readonly MarkdownBlock[], options: ChunkOptions): Unit[] {
  const { max, target, size } = measured(text, options);
  const units: Unit[] = [];
  let glues: MarkdownBlock["kind"] | undefined;
  for (const block of blocks) {
    const [first, ...rest] = size(block) <= max ? [block] : splitSpan(text, block, (span) => size(span) <= target);
    if (first === undefined) continue;
    const last = units.at(-1);
    const joins = glues === "heading" || (glues === "note" && block.kind === "note");
    const joined = last && joins ? { ...last, end: first.end } : undefined;
    if (joined && size(joined) <= max) units[units.length - 1] = joined;
    else units.push({ start: first.start, end: first.end, opensSection: block.kind === "heading" });
    units.push(...rest.map(({ start, end }) => ({ start, end, opensSection: false })));
    glues = block.kind;
  }
  return units;
}

function mergeUnits(units: readonly Unit[], { max, target, size }: Limits): Span[] {
  const spans: Span[] = [];
  for (const unit of units) {
    const last = spans.at(-1);
    const isFull = last && unit.opensSection && size(last) >= target * SECTION_FRACTION;
    const longer = last && { start: last.start, end: unit.end };
    if (longer && !isFull && size(longer) <= target) spans[spans.length - 1] = longer;
    else spans.push({ start: unit.start, end: unit.end });
  }
  const [before, rest] = spans.slice(-2);
  if (before && rest && size(rest) < target * REST_FRACTION) {
    const longer = { start: before.start, end: rest.end };
    if (size(longer) <= max) spans.splice(-2, 2, longer);
  }
  return spans;
}

/** The headings over a position, outermost first, with the heading that begins there. */
function headingPaths(text: string, blocks: readonly MarkdownBlock[]): (start: number) => string[] {
  const headings = blocks.filter(({ kind }) => kind === "heading");
  return (start) => {
    const path: MarkdownBlock[] = [];
    for (const heading of headings) {
      if (heading.start > start && !follows(text, start, heading)) break;
      while ((path.at(-1)?.level ?? 0) >= heading.level) path.pop();
      path.push(heading);
    }
    return path.map((heading) => headingText(text.slice(heading.start, heading.end))).filter((each) => each !== "");
  };
}

/** Whether only headings stand from `start` to this heading: `# A` and `## B` open one chunk together. */
const follows = (text: string, start: number, heading: MarkdownBlock): boolean =>
  text
    .slice(start, heading.start)
    .split("\n")
    .every((line) => line.trim() === "" || /^ {0,3}#{1,6}[ \t]/.test(line));

function lineAt(text: string, position: number): number {
  let line = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < position; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
