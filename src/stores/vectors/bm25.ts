/**
 * BM25 over terms in memory: the reference that other engines' rankings are checked against.
 *
 * @source Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", eq. 3.15, with the logarithm's argument
 *   raised by 1 so that no term counts against a document (as Lucene and LanceDB do)
 */

/** Lucene's and LanceDB's constants, so that every driver ranks alike. */
export const K1 = 1.2;
export const B = 0.75;

/** How much a term that so many of the documents hold says; more than 0. */
export function inverseFrequency(documentCount: number, holdingCount: number): number {
  return Math.log(1 + (documentCount - holdingCount + 0.5) / (holdingCount + 0.5));
}

export interface Bm25 {
  /** How many documents hold the term. */
  count(term: string): number;
  /** Document index to score, for the documents that hold a term. A term given twice counts twice. */
  score(terms: readonly string[]): Map<number, number>;
}

/** Counts the terms of the documents, once. */
export function createBm25(documents: readonly (readonly string[])[]): Bm25 {
  const postings = new Map<string, Map<number, number>>();
  for (const [index, terms] of documents.entries()) {
    for (const term of terms) {
      const posting = postings.get(term) ?? new Map<number, number>();
      posting.set(index, (posting.get(index) ?? 0) + 1);
      postings.set(term, posting);
    }
  }
  const lengths = documents.map((terms) => terms.length);
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  return {
    count: (term) => postings.get(term)?.size ?? 0,
    score(terms) {
      const scores = new Map<number, number>();
      for (const term of terms) {
        const posting = postings.get(term) ?? new Map<number, number>();
        const idf = inverseFrequency(documents.length, posting.size);
        for (const [index, count] of posting) {
          const norm = K1 * (1 - B + (B * (lengths[index] ?? 0)) / meanLength);
          scores.set(index, (scores.get(index) ?? 0) + (idf * count * (K1 + 1)) / (count + norm));
        }
      }
      return scores;
    },
  };
}
