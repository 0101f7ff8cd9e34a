/**
 * What a document's chunks are put together from: its blocks, or for a file of code its definitions, each small enough
 * and each with its size. Headings, lead-ins and numbered notes are joined here to what they belong to.
 */

import { type BlockKind, parseDefinitions, parseMarkdownBlocks } from "../../text/index.ts";
import { type Span, splitSpan } from "./split-span.ts";

/** A span that is kept whole. */
export interface Unit extends Span {
  /** A chunk that is half full ends before it. */
  readonly opensSection: boolean;
  readonly tokenCount: number;
}

/** Sizes in tokens. */
export interface Limits {
  readonly target: number;
  readonly max: number;
  count(span: Span): number;
}

/** A block as it stands in the document, before anything is joined or cut. */
export interface Block extends Span {
  readonly kind: BlockKind;
  readonly opensSection: boolean;
}

/** The blocks of a text in order; of a file of code, which is one fenced block, the definitions. */
export function blocksOf(text: string): Block[] {
  const blocks = parseMarkdownBlocks(text);
  if (!isCodeFile(blocks)) return blocks.map((block) => ({ ...block, opensSection: block.kind === "heading" }));
  return parseDefinitions(text)
    .map(({ start, end }) => ({ start, end: start + text.slice(start, end).trimEnd().length }))
    .filter(({ start, end }) => start < end)
    .map((span) => ({ ...span, kind: "code", opensSection: true }));
}

/** Whether code is all that a text has. */
export const isCodeFile = (blocks: readonly Pick<Block, "kind">[]): boolean =>
  blocks.length > 0 && blocks.every(({ kind }) => kind === "code");

/** Blocks as units of at most the maximum, or, where they are cut, of at most the target. */
export function unitsOf(text: string, blocks: readonly Block[], { max, target, count }: Limits): Unit[] {
  const units: Unit[] = [];
  let before: Block | undefined;
  for (const block of blocks) {
    const tokenCount = count(block);
    const pieces =
      tokenCount <= max
        ? [{ start: block.start, end: block.end, tokenCount }]
        : splitSpan(text, block, (span) => count(span) <= target).map((span) => ({ ...span, tokenCount: count(span) }));
    for (const [i, piece] of pieces.entries()) {
      const last = units.at(-1);
      const joins = i === 0 && last !== undefined && before !== undefined && belongTogether(text, before, block);
      if (joins && last.tokenCount + piece.tokenCount <= max) {
        units[units.length - 1] = { ...last, end: piece.end, tokenCount: last.tokenCount + piece.tokenCount };
      } else {
        units.push({ ...piece, opensSection: block.opensSection && i === 0 });
      }
    }
    before = block;
  }
  return units;
}

/**
 * A heading and what it heads, notes, a sentence with a colon or a line of Djot attributes and what it announces; a
 * break stands at the end of what it breaks off.
 */
function belongTogether(text: string, before: Block, block: Block): boolean {
  if (before.kind === "heading" || block.kind === "break") return true;
  if (before.kind === "note") return block.kind === "note";
  if (before.kind !== "paragraph" || block.kind === "heading") return false;
  return text[before.end - 1] === ":" || (text[before.start] === "{" && text[before.end - 1] === "}");
}
