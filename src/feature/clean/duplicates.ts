/**
 * Texts that an author published more than once: found by their words, marked, never dropped.
 * Of each group one stays the representative: the one whose address the others call canonical, else the earliest.
 */

import type { RawDocument } from "../../contracts/documents.ts";
import type { CleanedDocument } from "../../contracts/features.ts";
import { nearDuplicates } from "../../text/index.ts";

/** Jaccard similarity of five-word shingles from which a text is a copy of another. */
const COPY_SIMILARITY = 0.8;

/** A document that is marked as a copy. */
export interface DuplicateDocument {
  readonly id: string;
  readonly duplicateOf: string;
  /** Jaccard similarity of the two texts' five-word shingles; 1 is the same words. */
  readonly similarity: number;
}

/** The documents, copies marked, and what was marked. */
export interface MarkedDuplicates {
  readonly documents: CleanedDocument[];
  readonly duplicates: DuplicateDocument[];
}

/**
 * The documents in their order, each copy with `duplicateOf`, the id of a document of the same author that is no copy
 * itself. Marks that they had are forgotten. Empty texts are no copies of each other.
 *
 * @param sources  the raw documents where canonical addresses are known; others may be absent
 */
export function markDuplicates(
  documents: readonly CleanedDocument[],
  sources: readonly Pick<RawDocument, "id" | "canonicalUrl">[] = [],
): MarkedDuplicates {
  const canonicalUrls = new Map(sources.map(({ id, canonicalUrl }) => [id, canonicalUrl]));
  const found = new Map<string, DuplicateDocument>();
  for (const ofAuthor of Map.groupBy(documents, ({ authorId }) => authorId).values()) {
    for (const duplicate of findCopies(ofAuthor, canonicalUrls)) found.set(duplicate.id, duplicate);
  }
  return {
    documents: documents.map((each) => ({ ...each, duplicateOf: found.get(each.id)?.duplicateOf ?? null })),
    duplicates: [...found.values()],
  };
}

/** In the order of preference: a document is kept unless it is a copy of one that was kept before it. */
function findCopies(
  documents: readonly CleanedDocument[],
  canonicalUrls: ReadonlyMap<string, string | null>,
): DuplicateDocument[] {
  const homes = new Set(canonicalUrls.values());
  const isHome = ({ source }: CleanedDocument): number => (homes.has(source) ? 0 : 1);
  const ordered = documents.toSorted(
    (a, b) => isHome(a) - isHome(b) || compare(dateOf(a), dateOf(b)) || compare(a.id, b.id),
  );
  const copies = new Map<number, DuplicateDocument>();
  const texts = ordered.map(({ text }) => text);
  for (const { first, second, similarity } of nearDuplicates(texts, { threshold: COPY_SIMILARITY })) {
    const [kept, copy] = [ordered[first], ordered[second]];
    if (!kept || !copy || copies.has(first)) continue;
    if (similarity > (copies.get(second)?.similarity ?? 0)) {
      copies.set(second, { id: copy.id, duplicateOf: kept.id, similarity });
    }
  }
  return [...copies.values()];
}

/** Undated texts count as the latest: a date is a reason to prefer a text. */
const dateOf = ({ publishedAt }: CleanedDocument): string => publishedAt ?? "9999";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
