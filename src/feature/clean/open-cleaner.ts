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
import { type PiiCounts, withoutPii } from "./mask-pii.ts";
import type { PiiKind } from "./pii-rules.ts";

/** What was learned of the documents. */
export interface Cleaner {
  /** Without what its site repeats; its language told, and whether it is a copy. */
  clean(raw: RawDocument): CleanedDocument;
  /** By id. */
  readonly duplicates: ReadonlyMap<string, DuplicateDocument>;
  /** By id of the documents that were cleaned and had any. */
  readonly masked: ReadonlyMap<string, PiiCounts>;
}

/** What is done beyond cleaning. */
export interface CleanerOptions {
  /** Personal data that is masked. Default none. */
  readonly maskedKinds?: readonly PiiKind[];
}

/**
 * Learns from the documents.
 *
 * @param read  gives the documents, the same in the same order at every call; it is called up to three times
 */
export async function openCleaner(
  read: () => AsyncIterable<RawDocument> | Iterable<RawDocument>,
  { maskedKinds = [] }: CleanerOptions = {},
): Promise<Cleaner> {
  const boilerplate = await findBoilerplate(read());
  const detect = await openLanguageDetector();
  const duplicates = await findDuplicates(async function* (): AsyncGenerator<ComparedDocument> {
    for await (const raw of read()) {
      const { id, authorId, source, publishedAt, canonicalUrl } = raw;
      yield { id, authorId, source, publishedAt, canonicalUrl, text: cleanDocument(raw, boilerplate).text };
    }
  });
  const masked = new Map<string, PiiCounts>();
  return {
    duplicates,
    masked,
    clean(raw) {
      const cleaned = withLanguage(cleanDocument(raw, boilerplate), detect);
      const { document, counts } = withoutPii(cleaned, maskedKinds);
      if (Object.keys(counts).length > 0) masked.set(raw.id, counts);
      return { ...document, duplicateOf: duplicates.get(raw.id)?.duplicateOf ?? null };
    },
  };
}
