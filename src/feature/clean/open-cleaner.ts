/**
 * Cleaning as a whole: what the sites repeat and which texts are copies is learned first, by going through the
 * documents, and then each is cleaned on its own. No document is held longer than its own turn.
 */

import type { RawDocument } from "../../contracts/documents.ts";
import type { CleanedDocument } from "../../contracts/features.ts";
import { findBoilerplate } from "./boilerplate.ts";
import { cleanDocument } from "./clean-document.ts";
import { type ComparedDocument, type DuplicateDocument, findDuplicates } from "./duplicates.ts";
import { openLanguageDetector, withLanguage } from "./language.ts";

/** What was learned of the documents. */
export interface Cleaner {
  /** Without what its site repeats; its language told, and whether it is a copy. */
  clean(raw: RawDocument): CleanedDocument;
  /** By id. */
  readonly duplicates: ReadonlyMap<string, DuplicateDocument>;
}

/**
 * Learns from the documents.
 *
 * @param read  gives the documents, the same in the same order at every call; it is called up to three times
 */
export async function openCleaner(read: () => AsyncIterable<RawDocument> | Iterable<RawDocument>): Promise<Cleaner> {
  const boilerplate = await findBoilerplate(read());
  const detect = await openLanguageDetector();
  const duplicates = await findDuplicates(async function* (): AsyncGenerator<ComparedDocument> {
    for await (const raw of read()) {
      const { id, authorId, source, publishedAt, canonicalUrl } = raw;
      yield { id, authorId, source, publishedAt, canonicalUrl, text: cleanDocument(raw, boilerplate).text };
    }
  });
  return {
    duplicates,
    clean: (raw) => ({
      ...withLanguage(cleanDocument(raw, boilerplate), detect),
      duplicateOf: duplicates.get(raw.id)?.duplicateOf ?? null,
    }),
  };
}
