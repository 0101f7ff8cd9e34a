/**
 * Documents set aside from training data to watch over a run; they choose its best parameters, so they are no test.
 * Samples that stand in no document stay with the training data.
 */

import { createRandom } from "../../core/random.ts";
import { TooFewDocumentsError } from "./errors.ts";
import type { Sample } from "./sample.ts";

/**
 * Moves every sample of a share of the documents, at least one document, to the other side.
 *
 * @throws {TooFewDocumentsError} when there are fewer than two documents
 */
export function holdOutDocuments(
  samples: readonly Sample[],
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
): { train: Sample[]; validation: Sample[] } {
  const documentOf = ({ spans }: Sample): string | undefined => spans[0]?.documentId;
  const documents = [...new Set(samples.flatMap((sample) => documentOf(sample) ?? []))].sort();
  if (documents.length < 2) throw new TooFewDocumentsError(documents.length, documents.length);
  const count = Math.max(1, Math.round(documents.length * fraction));
  const held = new Set<string | undefined>(createRandom(seed).shuffle(documents).slice(0, count));
  return {
    train: samples.filter((sample) => !held.has(documentOf(sample))),
    validation: samples.filter((sample) => held.has(documentOf(sample))),
  };
}
