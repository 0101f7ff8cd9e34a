/** Cuts a block that is too long, at the best boundary that makes the pieces small enough. */

import {
  type BlockKind,
  characterEnds,
  definitionEnds,
  lineEnds,
  paragraphEnds,
  sentenceEnds,
  wordEnds,
} from "../../text/index.ts";

/** Characters (UTF-16 code units) from `start` up to `end`, which is excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

type Boundaries = (text: string) => number[];

const SENTENCES: readonly Boundaries[] = [sentenceEnds, wordEnds, characterEnds];
const LINES: readonly Boundaries[] = [lineEnds, sentenceEnds, wordEnds, characterEnds];
const methodEnds: Boundaries = (text) => definitionEnds(text, 1);

/** From the best place to cut to the worst. */
const BOUNDARIES: Readonly<Record<BlockKind, readonly Boundaries[]>> = {
  paragraph: SENTENCES,
  heading: SENTENCES,
  note: SENTENCES,
  break: [characterEnds],
  item: LINES,
  quote: LINES,
  table: [lineEnds, wordEnds, characterEnds],
  code: [definitionEnds, methodEnds, paragraphEnds, lineEnds, wordEnds, characterEnds],
};

/** The pieces of a span, in order, without white space between them; a single character is never cut. */
export function splitSpan(text: string, span: Span & { kind: BlockKind }, fits: (span: Span) => boolean): Span[] {
  const { start, end, kind } = span;
  return cut(text, { start, end }, { boundaries: BOUNDARIES[kind], fits });
}

interface CutOptions {
  readonly boundaries: readonly Boundaries[];
  /** Whether a span is small enough; a span inside one that fits does too. */
  fits(span: Span): boolean;
}

function cut(text: string, span: Span, { boundaries, fits }: CutOptions): Span[] {
  const [best, ...worse] = boundaries;
  if (fits(span) || best === undefined) return [span];
  const ends = best(text.slice(span.start, span.end));
  if (ends.length === 1) return cut(text, span, { boundaries: worse, fits });
  const spanOf = (from: number, count: number): Span =>
    trimmed(text, { start: span.start + (ends[from - 1] ?? 0), end: span.start + (ends[from + count - 1] ?? 0) });
  const pieces: Span[] = [];
  for (let from = 0, guess = 1; from < ends.length; ) {
    const count = mostThatFit(guess, ends.length - from, (tried) => fits(spanOf(from, tried)));
    guess = Math.max(1, count);
    const piece = spanOf(from, guess);
    if (piece.start < piece.end) pieces.push(...(count > 0 ? [piece] : cut(text, piece, { boundaries: worse, fits })));
    from += guess;
  }
  return pieces;
}

/** The largest count up to `most` that fits, found from a guess by doubling and then halving; 0 where one does not. */
function mostThatFit(guess: number, most: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, most + 1];
  let tried = Math.min(guess, most);
  for (let step = 1; high - low > 1; step *= 2) {
    if (fits(tried)) low = tried;
    else high = tried;
    if (low === 0) tried = Math.max(1, high - step);
    else tried = high > most ? Math.min(most, low + step) : (low + high) >> 1;
  }
  return low;
}

/** Without white space at the ends; the indentation of a whole line stays. */
function trimmed(text: string, { start, end }: Span): Span {
  const slice = text.slice(start, end);
  const atLine = start === 0 || text[start - 1] === "\n";
  const lead = slice.length - slice.trimStart().length;
  if (lead === slice.length) return { start, end: start };
  const kept = atLine ? slice.lastIndexOf("\n", lead - 1) + 1 : lead;
  return { start: start + (lead === 0 ? 0 : kept), end: start + slice.trimEnd().length };
}
