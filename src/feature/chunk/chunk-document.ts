/**
 * A cleaned document as chunks that follow its structure: blocks are merged up to a target and never over a maximum,
 * a heading stays with what it heads, numbered notes stay together. Nothing is dropped and nothing is said twice.
 */

import { provenanceOf } from "../../contracts/documents.ts";
import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { headingsOf } from "./headings.ts";
import { type Span, splitSpan } from "./split-span.ts";
import { blocksOf, type Limits, type Unit, unitsOf } from "./units.ts";

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
/** A chunk under this share of the target joins one beside it where the maximum allows. */
const REST_FRACTION = 0.25;

/**
 * The document's chunks in order; an empty document has none. Deterministic: equal documents give equal ids.
 * A document that is all code is cut between its definitions.
 * Only where a single character has more tokens than `maxTokens` is a chunk longer.
 */
export function chunkDocument(document: CleanedDocument, options: ChunkOptions): Chunk[] {
  const { text } = document;
  const count = spanCounter(text, options);
  const limits = limitsOf(count, options);
  const blocks = blocksOf(text);
  const merged = mergeUnits(unitsOf(text, blocks, limits), limits);
  const spans = merged.flatMap((span) => withinMaximum(text, span, { count, max: options.maxTokens }));
  const headings = headingsOf(text, blocks);
  const lineAt = lineCounter(text);
  return spans.map(({ start, end, tokenCount }, index) => ({
    id: `chunk-${shortHash(hashJson([document.id, document.version, start, end]))}`,
    documentId: document.id,
    documentVersion: document.version,
    ...provenanceOf(document),
    index,
    start,
    end,
    text: text.slice(start, end),
    headings: headings(start),
    tokenCount,
    sourceLines: document.sourceLines?.slice(lineAt(start), lineAt(end) + 1) ?? null,
  }));
}

interface SizedSpan extends Span {
  readonly tokenCount: number;
}

/** Counts the tokens of spans, each span once. */
function spanCounter(text: string, { countTokens }: ChunkOptions): (span: Span) => number {
  const known = new Map<number, number>();
  return ({ start, end }) => {
    const key = start * (text.length + 1) + end;
    const counted = known.get(key) ?? countTokens(text.slice(start, end));
    known.set(key, counted);
    return counted;
  };
}

/**
 * Every block is counted once, and merged blocks by the sum of theirs: what stands around white space is counted alike
 * alone and together, but for the marks that a model adds to every text.
 */
function limitsOf(count: (span: Span) => number, { maxTokens, targetTokens }: ChunkOptions): Limits {
  const marks = count({ start: 0, end: 0 });
  return {
    max: maxTokens - marks,
    target: Math.max(1, Math.min(maxTokens, targetTokens ?? Math.floor(maxTokens * 0.75)) - marks),
    count: (span) => count(span) - marks,
  };
}

function mergeUnits(units: readonly Unit[], { max, target }: Limits): Unit[] {
  const spans: Unit[] = [];
  for (const unit of units) {
    const last = spans.at(-1);
    const isFull = last && unit.opensSection && last.tokenCount >= target * SECTION_FRACTION;
    if (last && !isFull && last.tokenCount + unit.tokenCount <= target) spans[spans.length - 1] = joined(last, unit);
    else spans.push(unit);
  }
  return withoutRests(spans, { least: target * REST_FRACTION, max });
}

/** Joins what is too little for a chunk to the chunk before it, or a section's first words to what follows them. */
function withoutRests(spans: readonly Unit[], { least, max }: { least: number; max: number }): Unit[] {
  const kept: Unit[] = [];
  for (const [i, span] of spans.entries()) {
    const before = kept.at(-1);
    const fits = before !== undefined && before.tokenCount + span.tokenCount <= max;
    const isRest = span.tokenCount < least && (!span.opensSection || i === spans.length - 1);
    const followsRest = before !== undefined && before.tokenCount < least && !span.opensSection;
    if (fits && (isRest || followsRest)) kept[kept.length - 1] = joined(before, span);
    else kept.push(span);
  }
  return kept;
}

const joined = (first: Unit, second: Unit): Unit => ({
  ...first,
  end: second.end,
  tokenCount: first.tokenCount + second.tokenCount,
});

/** The span with its true size; where that is more than its parts had, and too much, its pieces. */
function withinMaximum(text: string, { start, end }: Span, { count, max }: Pick<Limits, "count" | "max">): SizedSpan[] {
  const sized = (span: Span): SizedSpan => ({ start: span.start, end: span.end, tokenCount: count(span) });
  if (count({ start, end }) <= max) return [sized({ start, end })];
  return splitSpan(text, { start, end, kind: "item" }, (part) => count(part) <= max).map(sized);
}

/** The line, from 0, that a position is in; positions must be asked for in ascending order. */
function lineCounter(text: string): (position: number) => number {
  let [line, next] = [0, text.indexOf("\n")];
  return (position) => {
    for (; next !== -1 && next < position; line++) next = text.indexOf("\n", next + 1);
    return line;
  };
}
