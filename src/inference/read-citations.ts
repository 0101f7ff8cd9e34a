/**
 * What a generated answer rests on: its `[n]` marks mapped to passages of the sources, and the sentences that their
 * marks do not carry. The check is by words and numbers; it finds what is plainly elsewhere, not what is subtly wrong.
 */

import type { SearchHit } from "../contracts/vectors.ts";
import { searchTerms, sentenceEnds, type TextSpan } from "../text/index.ts";
import type { Citation, Doubt } from "./answer.ts";
import { cite } from "./cite.ts";
import { quotableSpans } from "./quotable-spans.ts";

/** Least share of a sentence's terms that its cited chunks must hold. */
const MIN_HELD = 0.5;

/** What the marks in a text were found to say. */
export interface CitedText {
  /** One for each source that is cited, with the passage that is nearest to what is said of it. */
  readonly citations: Citation[];
  readonly doubts: Doubt[];
}

/**
 * Maps the marks of a generated text to its sources.
 *
 * @param context  the sources as they were numbered in the prompt, from 1
 */
export function readCitations(text: string, context: readonly SearchHit[]): CitedText {
  const sentences = citedSentences(text);
  const numbers = [...new Set(sentences.flatMap(({ numbers }) => numbers))].filter((number) => context[number - 1]);
  return {
    citations: numbers
      .sort((a, b) => a - b)
      .map((number) => {
        const said = sentences.filter((sentence) => sentence.numbers.includes(number)).map(({ sentence }) => sentence);
        const hit = context[number - 1] as SearchHit; // only numbers of sources are left
        return cite(number, hit, nearestPassage(hit.chunk.text, said.join(" ")));
      }),
    doubts: sentences.flatMap(({ sentence, numbers }): Doubt[] => {
      if (numbers.length === 0) return [{ sentence, reason: "no-citation" }];
      const cited = numbers.map((number) => context[number - 1]?.chunk.text ?? "").join("\n");
      return isHeld(sentence, cited) ? [] : [{ sentence, reason: "not-in-citation" }];
    }),
  };
}

interface CitedSentence {
  /** Without its marks. */
  readonly sentence: string;
  readonly numbers: readonly number[];
}

/** Sentences with the marks in them or right after them. A piece without a letter or digit is no sentence. */
function citedSentences(text: string): CitedSentence[] {
  // A mark after the full stop belongs to the sentence before it: it is moved in front of the stop.
  const attached = text.replace(/([.!?…]["”’)]*)((?:\s*\[\d+\])+)/g, "$2$1");
  const ends = sentenceEnds(attached);
  return ends
    .map((end, index) => attached.slice(ends[index - 1] ?? 0, end).trim())
    .map((piece) => ({
      sentence: piece.replace(/\s*\[\d+\]/g, ""),
      numbers: [...piece.matchAll(/\[(\d+)\]/g)].map(({ 1: digits }) => Number(digits)),
    }))
    .filter(({ sentence }) => /[\p{L}\p{N}]/u.test(sentence));
}

function isHeld(sentence: string, cited: string): boolean {
  const terms = [...new Set(searchTerms(sentence))];
  const held = new Set(searchTerms(cited));
  const numbersHeld = terms.filter((term) => /^\p{N}/u.test(term)).every((term) => held.has(term));
  return numbersHeld && terms.filter((term) => held.has(term)).length >= terms.length * MIN_HELD;
}

/** The quotable passage that shares most terms with what was said, the shortest of equals; the whole text if there is none. */
function nearestPassage(text: string, said: string): TextSpan {
  const wanted = new Set(searchTerms(said));
  const scored = quotableSpans(text).map((span) => {
    const terms = new Set(searchTerms(text.slice(span.start, span.end)));
    return { span, shared: [...wanted].filter((term) => terms.has(term)).length - 0.1 * span.unitCount };
  });
  return scored.sort((a, b) => b.shared - a.shared)[0]?.span ?? { start: 0, end: text.length };
}
