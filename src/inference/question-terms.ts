/** What a question asks about: its terms, each with the weight that its rarity gives it, and the names among them. */

import type { TermCounts } from "../contracts/vectors.ts";
import { searchTerms, splitIdentifier, splitWords } from "../text/index.ts";

export interface QuestionTerms {
  /** Inverse document frequency by term: a term that few chunks hold says most. */
  readonly weights: ReadonlyMap<string, number>;
  readonly totalWeight: number;
  /** Whether only a passage with a number can answer. */
  readonly asksForNumber: boolean;
  /** Share of the question's names, numbers and identifiers that no chunk holds; 0 when it has none. */
  readonly unknownNameFraction: number;
}

/**
 * @param counts  of the question, over the whole index
 * @param known   texts that the index does not hold but the reader is told: authors' names
 */
export function weighQuestion(
  question: string,
  { chunkCount, holding }: TermCounts,
  known: readonly string[],
): QuestionTerms {
  const told = new Set(known.flatMap(searchTerms));
  const terms = [...new Set(searchTerms(question))].filter((term) => !told.has(term));
  const weights = new Map(terms.map((term) => [term, rarity(chunkCount, holding.get(term) ?? 0)]));
  const names = namesIn(question.normalize("NFKC")).map(searchTerms);
  const unknown = names.filter(
    (parts) => parts.length > 0 && parts.every((term) => !told.has(term) && !holding.get(term)),
  );
  return {
    weights,
    totalWeight: [...weights.values()].reduce((sum, weight) => sum + weight, 0),
    asksForNumber:
      /\bhow (?:many|much|long|often|old|far|fast|large|big|high|low)\b|\bwhat (?:percentage|share|year)\b/i.test(
        question,
      ),
    unknownNameFraction: names.length === 0 ? 0 : unknown.length / names.length,
  };
}

const NUMBER_WORD =
  /\p{N}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand|million|billion|half|third|quarter|dozen|once|twice|none|all)\b/iu;

/** Whether the text says how many, in digits or in words. */
export const holdsNumber = (text: string): boolean => NUMBER_WORD.test(text);

/** Share of the question's weight that the terms carry, in 0–1. */
export function coverage({ weights, totalWeight }: QuestionTerms, terms: ReadonlySet<string>): number {
  let carried = 0;
  for (const [term, weight] of weights) if (terms.has(term)) carried += weight;
  return totalWeight === 0 ? 0 : carried / totalWeight;
}

/** @source BM25's inverse document frequency, with 1 added so that it stays above 0 */
const rarity = (total: number, holding: number): number => Math.log(1 + (total - holding + 0.5) / (holding + 0.5));

/** Words written as names are: capitals after the first word, digits, identifiers. */
function namesIn(question: string): string[] {
  return splitWords(question).filter(
    (word, index) => (index > 0 && /^\p{Lu}/u.test(word)) || /[\p{N}_]/u.test(word) || splitIdentifier(word).length > 1,
  );
}
