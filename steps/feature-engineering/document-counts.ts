/** Counts of documents as the steps report them: in all, and per kind with its authors. */

import type { RawDocument } from "trilith";

const COLLECTIONS = { article: "articles", post: "posts", repository: "repositories", note: "notes" } as const;

/** `num_documents`, and for each kind that occurs `num_documents` and `authors`. */
export function documentCounts(
  documents: readonly Pick<RawDocument, "kind" | "authorFullName">[],
): Record<string, number | { num_documents: number; authors: string[] }> {
  const kinds = [...Map.groupBy(documents, ({ kind }) => kind)].map(([kind, members]) => [
    COLLECTIONS[kind],
    { num_documents: members.length, authors: [...new Set(members.map((each) => each.authorFullName))] },
  ]);
  return { num_documents: documents.length, ...Object.fromEntries(kinds) };
}
