/** Which documents a model can be measured on: those it was not trained on, and that are no copies of those. */

import type { CleanedDocument } from "../contracts/features.ts";
import { nearDuplicates, proseOf, splitWords } from "../text/index.ts";

/** Jaccard similarity of five-word shingles from which a document counts as seen. */
const SEEN_SIMILARITY = 0.3;
/** Bits per byte of fewer words say more about the opening than about the voice. */
const MIN_WORDS = 50;

/** An author's documents, parted by what a model knows. */
export interface HeldOutDocuments {
  readonly trained: readonly CleanedDocument[];
  readonly heldOut: readonly CleanedDocument[];
}

/**
 * Parts documents by a model's lineage. A document of which any version was trained on is not held out.
 *
 * @param lineage  `<document id>@<version>` of every document that the model was trained on
 */
export function heldOutDocuments(documents: readonly CleanedDocument[], lineage: readonly string[]): HeldOutDocuments {
  const seen = new Set(lineage.map((key) => key.replace(/@\d+$/, "")));
  const trained = documents.filter(({ id }) => seen.has(id));
  const others = documents.filter(({ id, text }) => !seen.has(id) && splitWords(proseOf(text)).length >= MIN_WORDS);
  const texts = [...trained, ...others].map(({ text }) => proseOf(text));
  const kindred = new Set(
    nearDuplicates(texts, { threshold: SEEN_SIMILARITY })
      .filter(({ first, second }) => first < trained.length && second >= trained.length)
      .map(({ second }) => others[second - trained.length]),
  );
  return { trained, heldOut: others.filter((document) => !kindred.has(document)) };
}
