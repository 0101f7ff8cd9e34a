/** Counts of documents as the steps report them: in all, and per kind with its authors. */

import type { RawDocument } from "trilith";

const COLLECTIONS = { article: "articles", post: "posts", repository: "repositories", note: "notes" } as const;

type Counted = Pick<RawDocument, "kind" | "authorFullName">;

/** Counts documents as they pass. */
export interface DocumentCounts {
  add(document: Counted): void;
  /** `num_documents`, and for each kind that occurs `num_documents` and `authors`. */
  toJson(): Record<string, number | { num_documents: number; authors: string[] }>;
}

export function createDocumentCounts(): DocumentCounts {
  const kinds = new Map<Counted["kind"], { count: number; readonly authors: Set<string> }>();
  let total = 0;
  return {
    add({ kind, authorFullName }) {
      const of = kinds.get(kind) ?? { count: 0, authors: new Set() };
      kinds.set(kind, of);
      of.count++;
      of.authors.add(authorFullName);
      total++;
    },
    toJson: () => ({
      num_documents: total,
      ...Object.fromEntries(
        [...kinds].map(([kind, { count, authors }]) => [
          COLLECTIONS[kind],
          { num_documents: count, authors: [...authors] },
        ]),
      ),
    }),
  };
}
