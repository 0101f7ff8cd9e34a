/** Preference pairs set aside from training data to watch over a run, all pairs of one document together. */

import { createRandom } from "../core/random.ts";
import { type PreferencePair, TooFewDocumentsError } from "./datasets/index.ts";

/**
 * Moves every pair of a share of the documents, at least one, to the other side. Pairs that stand in no document are
 * told apart by their prompts.
 *
 * @throws {TooFewDocumentsError} when there are fewer than two documents
 */
export function holdOutPairs(
  pairs: readonly PreferencePair[],
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
): { train: PreferencePair[]; validation: PreferencePair[] } {
  const placeOf = ({ spans, prompt }: PreferencePair): string => spans[0]?.documentId ?? prompt;
  const places = [...new Set(pairs.map(placeOf))].sort();
  if (places.length < 2) throw new TooFewDocumentsError(places.length, places.length);
  const count = Math.min(places.length - 1, Math.max(1, Math.round(places.length * fraction)));
  const held = new Set(createRandom(seed).shuffle(places).slice(0, count));
  return {
    train: pairs.filter((pair) => !held.has(placeOf(pair))),
    validation: pairs.filter((pair) => held.has(placeOf(pair))),
  };
}
