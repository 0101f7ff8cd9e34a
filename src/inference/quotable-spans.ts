/**
 * The passages of a chunk that can stand alone as a quote: one to three sentences of a paragraph, a list item or note
 * as a whole, a table's row. Headings and code are read for context but never quoted; nor are lists of links.
 */

import { type MarkdownBlock, parseMarkdownBlocks, sentenceEnds, type TextSpan } from "../text/index.ts";

/** Longer items and notes are quoted by their sentences. */
const MAX_ITEM_CHARACTERS = 500;
const MAX_QUOTE_CHARACTERS = 700;
const MAX_SENTENCES = 3;

/** One sentence, item or row; `alone` when it is not joined with its neighbours. */
interface Unit extends TextSpan {
  readonly alone: boolean;
}

export interface Quotable extends TextSpan {
  /** Units that it joins. */
  readonly unitCount: number;
  /** The text around it within the chunk: the two units before and the one after. */
  readonly nearby: string;
}

/** Every passage of the text that may be quoted, in order of its start. */
export function quotableSpans(text: string): Quotable[] {
  const units = parseMarkdownBlocks(text)
    .flatMap((block) => unitsOf(text, block))
    .filter(({ start, end }) => !isOnlyLinks(text.slice(start, end)));
  return units.flatMap((first, index) => {
    const joined: Quotable[] = [];
    for (let count = 1; count <= MAX_SENTENCES; count++) {
      const last = units[index + count - 1];
      if (last === undefined || (count > 1 && (first.alone || last.alone))) break;
      if (count > 1 && last.end - first.start > MAX_QUOTE_CHARACTERS) break;
      const around = [units[index - 2], units[index - 1], units[index + count]];
      const nearby = around.map((unit) => (unit ? text.slice(unit.start, unit.end) : "")).join("\n");
      joined.push({ start: first.start, end: last.end, unitCount: count, nearby });
    }
    return joined;
  });
}

function unitsOf(text: string, { kind, start, end }: MarkdownBlock): Unit[] {
  if (kind === "heading" || kind === "break" || kind === "code") return [];
  const body = start + markerLength(text.slice(start, end));
  const alone = kind !== "paragraph" && kind !== "quote";
  if (alone && kind !== "table" && end - body <= MAX_ITEM_CHARACTERS) return [{ start: body, end, alone }];
  const slice = text.slice(body, end);
  const ends =
    kind === "table"
      ? [...slice.matchAll(/\n|$/g)].map(({ index, 0: line }) => index + line.length)
      : sentenceEnds(slice);
  return ends
    .map((to, index) => trimmed(text, body + (ends[index - 1] ?? 0), body + to))
    .filter((span) => span.end > span.start)
    .map((span) => ({ ...span, alone: kind === "table" }));
}

/** Whether a passage is a way to other texts and says nothing itself: a line of a table of contents, with its date. */
function isOnlyLinks(passage: string): boolean {
  const rest = passage.replace(/!?\[[^\]]*\](?:\([^)\s]*\)|\[[^\]]*\])|<?https?:\/\/[^\s>]+>?/g, "");
  return rest.length < passage.length && !/\p{L}{2}/u.test(rest);
}

/** A quote begins after the mark of its list item or block quote. */
const markerLength = (block: string): number => /^\s*(?:[-*+]|\d{1,9}[.)]|>)[ \t]+/.exec(block)?.[0].length ?? 0;

function trimmed(text: string, start: number, end: number): TextSpan {
  const slice = text.slice(start, end);
  const lead = slice.length - slice.trimStart().length;
  return { start: start + lead, end: Math.max(start + lead, start + slice.trimEnd().length) };
}
