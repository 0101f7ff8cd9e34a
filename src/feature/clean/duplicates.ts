/**
 * Texts that an author published more than once: found by their words, marked, never dropped.
 * Of each group one stays the representative: the one whose address the others call canonical, else the earliest.
 */

import { pairSketches, shingleSimilarity, sketchText, type TextSketch } from "../../text/index.ts";

/** Jaccard similarity of five-word shingles from which a text is a copy of another. */
const COPY_SIMILARITY = 0.8;

/** What is asked of a document to tell its copies. */
export interface ComparedDocument {
  readonly id: string;
  readonly authorId: string;
  readonly source: string;
  readonly publishedAt: string | null;
  readonly canonicalUrl: string | null;
  /** Cleaned. */
  readonly text: string;
}

/** A document that is a copy. */
export interface DuplicateDocument {
  readonly id: string;
  /** A document of the same author that is no copy itself. */
  readonly duplicateOf: string;
  /** Jaccard similarity of the two texts' five-word shingles; 1 is the same words. */
  readonly similarity: number;
}

/**
 * The copies, by id. Empty texts are no copies of each other.
 *
 * @param read  gives the documents, the same in the same order at every call; it is called twice, and of most of them
 *   only a sketch is kept between
 */
export async function findDuplicates(
  read: () => AsyncIterable<ComparedDocument> | Iterable<ComparedDocument>,
): Promise<ReadonlyMap<string, DuplicateDocument>> {
  const sketched: Sketched[] = [];
  for await (const { text, ...facts } of read()) sketched.push({ ...facts, sketch: sketchText(text) });
  const homes = new Set(sketched.map(({ canonicalUrl }) => canonicalUrl));
  const authors = [...Map.groupBy(sketched, ({ authorId }) => authorId).values()].map((members) => {
    const ordered = byPreference(members, homes);
    return {
      ordered,
      ...pairSketches(
        ordered.map(({ sketch }) => sketch),
        COPY_SIMILARITY,
      ),
    };
  });
  const wanted = new Set(authors.flatMap(({ ordered, alike }) => alike.flat().map((index) => ordered[index]?.id)));
  const texts = new Map<string, string>();
  if (wanted.size > 0) for await (const { id, text } of read()) if (wanted.has(id)) texts.set(id, text);
  return new Map(authors.flatMap((author) => copiesOf(author, texts)).map((copy) => [copy.id, copy]));
}

type Sketched = Omit<ComparedDocument, "text"> & { readonly sketch: TextSketch | undefined };

interface Compared extends ReturnType<typeof pairSketches> {
  readonly ordered: readonly Sketched[];
}

/** A document is kept unless it is a copy of one that was kept before it. */
function copiesOf({ ordered, equal, alike }: Compared, texts: ReadonlyMap<string, string>): DuplicateDocument[] {
  const copies = new Map<number, DuplicateDocument>();
  const pairs = [...equal, ...alike].toSorted(([a, b], [c, d]) => a - c || b - d);
  const equals = new Set(equal);
  for (const pair of pairs) {
    const [first, second] = pair;
    const [kept, copy] = [ordered[first], ordered[second]];
    if (!kept || !copy || copies.has(first)) continue;
    const similarity = equals.has(pair) ? 1 : shingleSimilarity(texts.get(kept.id) ?? "", texts.get(copy.id) ?? "");
    if (similarity >= COPY_SIMILARITY && similarity > (copies.get(second)?.similarity ?? 0)) {
      copies.set(second, { id: copy.id, duplicateOf: kept.id, similarity });
    }
  }
  return [...copies.values()];
}

function byPreference(documents: readonly Sketched[], homes: ReadonlySet<string | null>): Sketched[] {
  const isHome = ({ source }: Sketched): number => (homes.has(source) ? 0 : 1);
  return documents.toSorted((a, b) => isHome(a) - isHome(b) || compare(dateOf(a), dateOf(b)) || compare(a.id, b.id));
}

/** Undated texts count as the latest: a date is a reason to prefer a text. */
const dateOf = ({ publishedAt }: Sketched): string => publishedAt ?? "9999";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
