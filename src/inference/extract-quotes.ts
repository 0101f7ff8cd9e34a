/**
 * The answer that is already written: of all passages in the found chunks, the ones that carry most of what the
 * question asks about, by the rarity of its words. When the best carries too little, there is no answer.
 */

import type { SearchHit } from "../contracts/vectors.ts";
import { searchTerms } from "../text/index.ts";
import { coverage, holdsNumber, type QuestionTerms } from "./question-terms.ts";
import { type Quotable, quotableSpans } from "./quotable-spans.ts";

/**
 * Least share of the question's weight that the best passage carries, with its surroundings at a discount.
 *
 * Chosen on 572 questions over six corpora of others (bench/answers.ts prints all rates): at 0.4, 84 % of questions
 * are answered from the corpus that holds the answer (two thirds of them by a quote that holds it), 0.1 % from one that
 * is about something else, and 63 % when only the chunks that hold the answer are taken away: near misses are its limit.
 */
export const MIN_SUPPORT = 0.4;

/** From this share of names that the whole index does not hold, the question is about something else. */
export const MAX_UNKNOWN_NAMES = 0.5;

/** What a term is worth outside the passage: in headings and neighbouring sentences, and in the rest of the chunk. */
const NEARBY_SHARE = 0.5;
const CHUNK_SHARE = 0.2;
/** What the rank of the chunk adds, and what each further sentence and each doubling of the length takes away. */
const RANK_WEIGHT = 0.3;
const SENTENCE_COST = 0.05;
const LENGTH_COST = 0.02;
const TYPICAL_CHARACTERS = 120;
/** A further quote has the least support itself and carries this share of the weight that no quote before it carries. */
const MIN_GAIN = 0.15;
const MAX_UNITS = 3;

/** A passage that ends by asking: it answers nothing. */
const ASKS = /[?\uFF1F]["'\u201D\u2019)\]*_]*$/;

export interface Quote extends Quotable {
  readonly hit: SearchHit;
  /** Share of the question's weight that the passage carries, surroundings discounted, in 0–1. */
  readonly support: number;
}

/** The quotes that answer best, one to three sentences or notes in all; none when the support is too small. */
export function extractQuotes(terms: QuestionTerms, hits: readonly SearchHit[], minSupport = MIN_SUPPORT): Quote[] {
  const bestScore = hits[0]?.score || 1;
  const passages = hits.flatMap((hit) => passagesOf(hit, terms, hit.score / bestScore));
  const [best] = passages.sort((a, b) => b.score - a.score);
  if (best === undefined || best.support < minSupport) return [];
  const supported = passages.filter(({ support }) => support >= minSupport);
  const chosen = [best];
  for (let next: Passage | undefined = best; next; ) {
    next = nextPassage(supported, chosen, terms);
    if (next) chosen.push(next);
  }
  return chosen;
}

interface Passage extends Quote {
  readonly terms: ReadonlySet<string>;
  readonly score: number;
}

function passagesOf(hit: SearchHit, question: QuestionTerms, rank: number): Passage[] {
  const { text, title, headings, authorFullName } = hit.chunk;
  const headingTerms = new Set(searchTerms([title, ...headings, authorFullName].join("\n")));
  const chunkTerms = new Set([...searchTerms(text), ...headingTerms]);
  const spans = quotableSpans(text).filter(
    ({ start, end }) =>
      !ASKS.test(text.slice(start, end)) && (!question.asksForNumber || holdsNumber(text.slice(start, end))),
  );
  return spans.map((span) => {
    const terms = new Set(searchTerms(text.slice(span.start, span.end)));
    const nearby = new Set([...terms, ...headingTerms, ...searchTerms(span.nearby)]);
    const [own, near, all] = [terms, nearby, chunkTerms].map((set) => coverage(question, set)) as [
      number,
      number,
      number,
    ]; // one each
    const support = own + NEARBY_SHARE * (near - own) + CHUNK_SHARE * (all - near);
    const length = Math.log2(Math.max(1, (span.end - span.start) / TYPICAL_CHARACTERS));
    const score = support + RANK_WEIGHT * rank - SENTENCE_COST * (span.unitCount - 1) - LENGTH_COST * length;
    return { ...span, hit, support, terms, score };
  });
}

/** The passage that adds most, if it adds enough and stands apart from those chosen. */
function nextPassage(
  passages: readonly Passage[],
  chosen: readonly Passage[],
  question: QuestionTerms,
): Passage | undefined {
  const room = MAX_UNITS - unitsIn(chosen);
  const carried = chosen.flatMap(({ terms }) => [...terms]);
  const before = coverage(question, new Set(carried));
  const apart = (a: Passage, b: Passage): boolean => a.hit !== b.hit || a.end <= b.start || b.end <= a.start;
  let best: { passage: Passage; gain: number } | undefined;
  for (const passage of passages) {
    if (passage.unitCount > room || !chosen.every((other) => apart(passage, other))) continue;
    const gain = coverage(question, new Set([...carried, ...passage.terms])) - before;
    if (gain >= MIN_GAIN && gain > (best?.gain ?? 0)) best = { passage, gain };
  }
  return best?.passage;
}

const unitsIn = (passages: readonly Passage[]): number => passages.reduce((sum, { unitCount }) => sum + unitCount, 0);
