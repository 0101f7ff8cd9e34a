/**
 * Which of the found chunks a reader is shown: near-duplicates of a better one are left out, and what is left is cut
 * off at a budget. Kinds and authors get no fixed shares, so nothing is wasted on a kind that has nothing to say.
 */

import type { SearchHit } from "../contracts/vectors.ts";
import { searchTerms } from "../text/index.ts";

/** How much context is kept, and what counts as the same. */
export interface ContextOptions {
  /** Default 3,000; a token is taken as four characters. */
  readonly maxTokens?: number;
  /** Share of the smaller chunk's terms that a better chunk also has, from which it is a near-duplicate. Default 0.9. */
  readonly duplicateFraction?: number;
}

const CHARACTERS_PER_TOKEN = 4;

/** Hits in their order. The first is always kept, however long. */
export function selectContext(
  hits: readonly SearchHit[],
  { maxTokens = 3_000, duplicateFraction = 0.9 }: ContextOptions = {},
): SearchHit[] {
  const kept: { hit: SearchHit; terms: ReadonlySet<string> }[] = [];
  let characters = 0;
  for (const hit of hits) {
    const terms = new Set(searchTerms(hit.chunk.text));
    if (kept.some((better) => overlap(better.terms, terms) >= duplicateFraction)) continue;
    if (kept.length > 0 && characters + hit.chunk.text.length > maxTokens * CHARACTERS_PER_TOKEN) break;
    characters += hit.chunk.text.length;
    kept.push({ hit, terms });
  }
  return kept.map(({ hit }) => hit);
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const smaller = Math.min(a.size, b.size);
  return smaller === 0 ? 0 : [...a].filter((term) => b.has(term)).length / smaller;
}
