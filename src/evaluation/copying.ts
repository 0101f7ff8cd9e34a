/**
 * How much of a text stands in others word for word. A fidelity score means nothing without it, and it means
 * nothing without the author's natural rate: what the author repeats from one document to the next.
 */

import { splitWords } from "../text/index.ts";

/** The longest run of words, without case and punctuation, that a text shares with one of the others. */
export interface CopiedSpan {
  readonly wordCount: number;
  /** Of the words with single spaces between them. */
  readonly characterCount: number;
  readonly text: string;
}

/** Takes time linear in the length of all texts. */
export function longestCopiedSpan(generated: string, trainingTexts: readonly string[]): CopiedSpan {
  const words = wordsOf(generated);
  const states = suffixAutomaton(words);
  let best = { length: 0, end: 0 };
  for (const training of trainingTexts) {
    let [state, length] = [0, 0];
    for (const word of wordsOf(training)) {
      while (state !== 0 && !states[state]?.next.has(word)) {
        state = states[state]?.link ?? 0;
        length = states[state]?.length ?? 0;
      }
      const next = states[state]?.next.get(word);
      if (next === undefined) continue;
      [state, length] = [next, length + 1];
      if (length > best.length) best = { length, end: states[state]?.firstEnd ?? 0 };
    }
  }
  const text = words.slice(best.end - best.length, best.end).join(" ");
  return { wordCount: best.length, characterCount: text.length, text };
}

/** Share of the word n-grams of a text that stand in one of the others, 0–1. */
export function ngramOverlap(generated: string, trainingTexts: readonly string[], n = 8): number {
  const known = new Set(trainingTexts.flatMap((text) => ngrams(text, n)));
  const own = ngrams(generated, n);
  return own.length === 0 ? 0 : own.filter((ngram) => known.has(ngram)).length / own.length;
}

/**
 * Distinct word n-grams over all of them, 0–1; low when a text repeats itself. Falls with length, so compare texts of one length.
 *
 * @source https://arxiv.org/abs/1510.03055 §5.1 (distinct-1 and distinct-2)
 */
export function distinctNgrams(text: string, n: number): number {
  const all = ngrams(text, n);
  return all.length === 0 ? 0 : new Set(all).size / all.length;
}

function wordsOf(text: string): string[] {
  return splitWords(text.toLowerCase());
}

function ngrams(text: string, n: number): string[] {
  const words = wordsOf(text);
  return words.slice(0, Math.max(0, words.length - n + 1)).map((_, start) => words.slice(start, start + n).join(" "));
}

/** A set of substrings that end at the same places. */
interface State {
  /** Of the longest of them. */
  length: number;
  /** The state of their longest suffix that ends in more places. */
  link: number;
  /** Where the first of those places is: the index after the word. */
  firstEnd: number;
  next: Map<string, number>;
}

/**
 * The smallest automaton that reads exactly the substrings of `words`; state 0 is the empty one.
 *
 * @source Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text", §3
 */
function suffixAutomaton(words: readonly string[]): State[] {
  const states: State[] = [{ length: 0, link: -1, firstEnd: 0, next: new Map() }];
  const at = (index: number): State => states[index] as State; // links and transitions point to states
  let last = 0;
  words.forEach((word, index) => {
    const added = states.push({ length: index + 1, link: 0, firstEnd: index + 1, next: new Map() }) - 1;
    let from = last;
    for (; from !== -1 && !at(from).next.has(word); from = at(from).link) at(from).next.set(word, added);
    last = added;
    if (from === -1) return;
    const target = at(from).next.get(word) ?? 0;
    if (at(target).length === at(from).length + 1) {
      at(added).link = target;
      return;
    }
    const copy = states.push({ ...at(target), length: at(from).length + 1, next: new Map(at(target).next) }) - 1;
    for (; from !== -1 && at(from).next.get(word) === target; from = at(from).link) at(from).next.set(word, copy);
    at(target).link = copy;
    at(added).link = copy;
  });
  return states;
}
