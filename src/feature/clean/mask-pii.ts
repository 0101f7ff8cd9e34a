/**
 * Personal data out of a text, a placeholder of its kind in its place. Nothing is masked across a line end and no line
 * comes or goes, so that each line still knows where it came from.
 */

import type { CleanedDocument } from "../../contracts/features.ts";
import { PII_KINDS, PII_RULES, type PiiKind } from "./pii-rules.ts";

/** How many of each kind were masked; kinds that did not occur are absent. */
export type PiiCounts = Partial<Record<PiiKind, number>>;

/** A text without personal data. */
export interface MaskedText {
  readonly text: string;
  readonly counts: PiiCounts;
}

interface Found {
  readonly kind: PiiKind;
  readonly start: number;
  readonly end: number;
}

/**
 * The text with `[EMAIL]`, `[PHONE]`, `[IBAN]`, `[CARD]`, `[IP]` and `[SECRET]` for what was found; giving it again
 * changes nothing. It is found by its form: names, postal addresses and dates of birth are not.
 *
 * @param kinds  what is masked; all kinds when not given
 */
export function maskPii(text: string, kinds: readonly PiiKind[] = PII_KINDS): MaskedText {
  const counts: PiiCounts = {};
  let inKey = false;
  const lines = text.split("\n").map((line) => {
    const isKeyEnd = /-----END [A-Z ]*PRIVATE KEY-----/.test(line);
    const isKeyBody = inKey && !isKeyEnd && line.trim() !== "";
    inKey = (inKey && !isKeyEnd) || (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(line) && !isKeyEnd);
    let masked = line;
    let found = isKeyBody && kinds.includes("secret") ? wholeLine(line) : findPii(line, kinds);
    // What was masked may have hidden what stands right beside it.
    for (; found.length > 0; found = findPii(masked, kinds)) {
      for (const { kind } of found) counts[kind] = (counts[kind] ?? 0) + 1;
      masked = found.toReversed().reduce(placeholder, masked);
    }
    return masked;
  });
  return { text: lines.join("\n"), counts };
}

/** The document with its text and title masked. */
export function withoutPii(
  document: CleanedDocument,
  kinds?: readonly PiiKind[],
): { document: CleanedDocument; counts: PiiCounts } {
  const [title, text] = [maskPii(document.title, kinds), maskPii(document.text, kinds)];
  return {
    document: { ...document, title: title.text, text: text.text },
    counts: sumCounts([title.counts, text.counts]),
  };
}

/** The counts of many texts as one. */
export function sumCounts(all: Iterable<PiiCounts>): PiiCounts {
  const sum: PiiCounts = {};
  for (const counts of all) for (const kind of PII_KINDS) if (counts[kind]) sum[kind] = (sum[kind] ?? 0) + counts[kind];
  return sum;
}

const placeholder = (line: string, { kind, start, end }: Found): string =>
  `${line.slice(0, start)}[${kind.toUpperCase()}]${line.slice(end)}`;

const wholeLine = (line: string): Found[] => [
  { kind: "secret", start: line.length - line.trimStart().length, end: line.trimEnd().length },
];

/** In order, without overlaps. */
function findPii(line: string, kinds: readonly PiiKind[]): Found[] {
  // Whatever is looked for has a digit or an @ in it.
  if (!/[\d@]/.test(line)) return [];
  const found: Found[] = [];
  for (const { kind, pattern, accepts } of PII_RULES) {
    if (!kinds.includes(kind)) continue;
    for (const { index: start, 0: text } of line.matchAll(pattern)) {
      const end = start + text.length;
      if (found.some((other) => start < other.end && other.start < end)) continue;
      if (accepts({ text, before: line.slice(0, start), after: line.slice(end) })) found.push({ kind, start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
