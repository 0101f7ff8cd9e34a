/**
 * Which documents a model never sees. The unit is the document, and documents that share a good part of
 * their text go to the same side, so that nothing held out was trained on.
 */

import type { CleanedDocument } from "../../contracts/features.ts";
import { createRandom } from "../../core/random.ts";
import { nearDuplicates, proseOf } from "../../text/index.ts";
import { TooFewDocumentsError } from "./errors.ts";

/** Jaccard similarity of five-word shingles from which a document is a copy of another. */
const DUPLICATE_SIMILARITY = 0.8;
/** Similarity from which two documents may not stand on different sides. */
const KINSHIP_SIMILARITY = 0.3;

/** `random`: a seeded draw. `latest`: the newest by date of publication are held out; undated ones count as oldest. */
export type SplitRule = "random" | "latest";

/** Documents to train on and documents that are held out. */
export interface DocumentSplit {
  readonly train: readonly CleanedDocument[];
  readonly test: readonly CleanedDocument[];
  /** Copies that were left out, each with the document that stays. */
  readonly duplicates: readonly { readonly removed: CleanedDocument; readonly kept: CleanedDocument }[];
}

/** Which documents are held out. */
export interface SplitOptions {
  readonly rule: SplitRule;
  /** Share of the documents to hold out, above 0 and below 1; at least one document. */
  readonly testFraction: number;
  readonly seed: number;
}

/**
 * Splits documents; of copies the one published first stays.
 *
 * @throws {TooFewDocumentsError} when fewer than two groups of unlike documents are left
 */
export function splitByDocument(documents: readonly CleanedDocument[], options: SplitOptions): DocumentSplit {
  const ordered = [...documents].sort((a, b) => compare(dateOf(a), dateOf(b)) || compare(a.id, b.id));
  const pairs = nearDuplicates(
    ordered.map(({ text }) => proseOf(text)),
    { threshold: KINSHIP_SIMILARITY },
  );
  const keptOf = new Map<CleanedDocument, CleanedDocument>();
  const links = pairs.map(({ first, second, similarity }) => {
    const [a, b] = [ordered[first], ordered[second]] as [CleanedDocument, CleanedDocument]; // indices of `ordered`
    if (similarity >= DUPLICATE_SIMILARITY && !keptOf.has(a) && !keptOf.has(b)) keptOf.set(b, a);
    return [a, b] as const;
  });
  const groups = groupLinked(ordered, links)
    .map((group) => group.filter((document) => !keptOf.has(document)))
    .filter((group) => group.length > 0);
  if (groups.length < 2) throw new TooFewDocumentsError(documents.length, groups.length);
  const duplicates = [...keptOf].map(([removed, kept]) => ({ removed, kept }));
  return { ...holdOut(groups, options), duplicates };
}

/** Takes whole groups, in the rule's order, while they fit into the share; the smallest one where none fits. */
function holdOut(
  groups: readonly (readonly CleanedDocument[])[],
  { rule, testFraction, seed }: SplitOptions,
): Pick<DocumentSplit, "train" | "test"> {
  const wanted = Math.max(1, Math.round(groups.flat().length * testFraction));
  const newest = (group: readonly CleanedDocument[]): string => group.map(dateOf).sort().at(-1) ?? "";
  const candidates =
    rule === "latest"
      ? [...groups].reverse().sort((a, b) => compare(newest(b), newest(a)))
      : createRandom(seed).shuffle(groups);
  const held = new Set<CleanedDocument>();
  for (const group of candidates.slice(0, -1)) {
    if (held.size + group.length <= wanted) for (const document of group) held.add(document);
  }
  const smallest = [...candidates].sort((a, b) => a.length - b.length)[0] ?? [];
  if (held.size === 0) for (const document of smallest) held.add(document);
  const all = groups.flat();
  return { train: all.filter((document) => !held.has(document)), test: all.filter((document) => held.has(document)) };
}

/** Connected groups of the documents, in order of their first member. */
function groupLinked(
  documents: readonly CleanedDocument[],
  links: readonly (readonly [CleanedDocument, CleanedDocument])[],
): CleanedDocument[][] {
  const groupOf = new Map(documents.map((document) => [document, [document]]));
  for (const [a, b] of links) {
    const [into, from] = [groupOf.get(a) ?? [], groupOf.get(b) ?? []];
    if (into === from) continue;
    into.push(...from);
    for (const document of from) groupOf.set(document, into);
  }
  return [...new Set(groupOf.values())];
}

const dateOf = ({ publishedAt }: CleanedDocument): string => publishedAt ?? "";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
