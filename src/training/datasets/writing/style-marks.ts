/**
 * Marks of a writer's manner that a neutral text does without, found by their form. English words; marks of
 * punctuation in any language.
 */

import { splitWords } from "../../../text/index.ts";

const MARKS: readonly RegExp[] = [
  /\p{L}[’'](?:t|re|ll|ve|m|d)\b/giu, // contractions
  /(?<![\p{L}'’-])(?:I|me|my|mine|we|us|our|ours|you|your|yours)(?![\p{L}-])/giu, // who speaks, and to whom
  /[!?]/gu,
  /—|–|(?<=\s)-{1,2}(?=\s)|\.{3}|…/gu, // dashes and trailing off
  /\(/gu,
  /\*\*?(?=\S)[^*\n]+\*|(?<=\s)_(?=\S)[^_\n]+_/gu, // emphasis
  /\p{Extended_Pictographic}/gu,
  /(?<=^|[.!?]\s+|\n)(?:And|But|So|Well|Yet|Now|Or|Anyway|Honestly|Look)(?=[\s,])/gu, // openings of spoken language
];

/** Marks in 100 words. */
export function styleMarks(text: string): number {
  const words = splitWords(text).length;
  const marks = MARKS.reduce((sum, pattern) => sum + (text.match(pattern)?.length ?? 0), 0);
  return (100 * marks) / Math.max(1, words);
}
