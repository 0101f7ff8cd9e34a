/** Two answers cut to the same length at ends of sentences: otherwise a model learns to write as long as what was chosen. */

import { sentenceEnds, splitWords } from "../../../text/index.ts";

/** The longer of two answers has at most so many times the words of the shorter. */
export const MAX_LENGTH_RATIO = 1.2;
/** Words below which an answer is too short to compare. */
const LEAST_WORDS = 20;

/**
 * The longest beginnings of both, each ending with a sentence, whose lengths fit together; `undefined` where none do.
 * A sample that was cut off in the middle of a sentence loses it.
 */
export function matchLengths(chosen: string, rejected: string): { chosen: string; rejected: string } | undefined {
  const [ours, theirs] = [beginnings(chosen), beginnings(rejected)];
  let best: { chosen: string; rejected: string; words: number } | undefined;
  for (const a of ours) {
    for (const b of theirs) {
      const fits = Math.max(a.words, b.words) <= MAX_LENGTH_RATIO * Math.min(a.words, b.words);
      if (fits && a.words + b.words > (best?.words ?? 0))
        best = { chosen: a.text, rejected: b.text, words: a.words + b.words };
    }
  }
  return best && { chosen: best.chosen, rejected: best.rejected };
}

/** Whether two whole answers fit together. */
export function lengthsMatch(a: string, b: string): boolean {
  const [x, y] = [splitWords(a).length, splitWords(b).length];
  return Math.min(x, y) >= LEAST_WORDS && Math.max(x, y) <= MAX_LENGTH_RATIO * Math.min(x, y);
}

/** The text up to its last whole sentence; the end of a text counts only where it looks like one. */
export function wholeSentences(text: string): string {
  return beginnings(text).at(-1)?.text ?? "";
}

function beginnings(text: string): { text: string; words: number }[] {
  return sentenceEnds(text)
    .map((end) => text.slice(0, end).trimEnd())
    .filter((part) => /[.!?…。！？][\p{P}\p{S}]*$/u.test(part))
    .map((part) => ({ text: part, words: splitWords(part).length }))
    .filter(({ words }) => words >= LEAST_WORDS);
}
