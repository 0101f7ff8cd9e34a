/** Cuts a block that is too long, at the best boundary that makes the pieces small enough. */

import { type BlockKind, characterEnds, lineEnds, sentenceEnds, wordEnds } from "../../text/index.ts";

/** Characters (UTF-16 code units) from `start` up to `end`, which is excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

type Boundaries = (text: string) => number[];

/** From the best place to cut to the worst. */
const BOUNDARIES: Readonly<Record<BlockKind, readonly Boundaries[]>> = {
  paragraph: [sentenceEnds, wordEnds, characterEnds],
  heading: [sentenceEnds, wordEnds, characterEnds],
  note: [sentenceEnds, wordEnds, characterEnds],
  break: [characterEnds],
  item: [lineEnds, sentenceEnds, wordEnds, characterEnds],
  quote: [lineEnds, sentenceEnds, wordEnds, characterEnds],
  table: [lineEnds, wordEnds, characterEnds],
  code: [lineEnds, wordEnds, characterEnds],
};

/** The pieces of a span, in order, without white space between them; a single character is never cut. */
export function splitSpan(text: string, span: Span & { kind: BlockKind }, fits: (span: Span) => boolean): Span[] {
  return cut(text, span, { boundaries: BOUNDARIES[span.kind], fits });
}

interface CutOptions {
  readonly boundaries: readonly Boundaries[];
  fits(span: Span): boolean;
}

function cut(text: string, span: Span, { boundaries, fits }: CutOptions): Span[] {
  const [best, ...worse] = boundaries;
  if (fits(span) || best === undefined) return [span];
  const pieces: Span[] = [];
  let piece: Span | undefined;
  let start = span.start;
  for (const offset of best(text.slice(span.start, span.end))) {
    const segment = trimmed(text, { start, end: span.start + offset });
    start = span.start + offset;
    if (segment.start === segment.end) continue;
    const longer: Span = { start: piece?.start ?? segment.start, end: segment.end };
    if (fits(longer)) {
      piece = longer;
      continue;
    }
    if (piece) pieces.push(piece);
    piece = undefined;
    if (fits(segment)) piece = segment;
    else pieces.push(...cut(text, segment, { boundaries: worse, fits }));
  }
  return piece ? [...pieces, piece] : pieces;
}

/** Without white space at the ends; the indentation of a whole line stays. */
function trimmed(text: string, { start, end }: Span): Span {
  const slice = text.slice(start, end);
  const atLine = start === 0 || text[start - 1] === "\n";
  const blank = /^\s*/.exec(slice)?.[0] ?? "";
  if (blank.length === slice.length) return { start, end: start };
  const lead = atLine ? blank.lastIndexOf("\n") + 1 : blank.length;
  return { start: start + lead, end: start + slice.trimEnd().length };
}
