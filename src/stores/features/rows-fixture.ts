/** Rows for tests: a document, and chunks whose id tells their place and text. */

import type { Provenance } from "../../contracts/documents.ts";
import type { Chunk, CleanedDocument } from "../../contracts/features.ts";

const origin: Omit<Provenance, "authorId"> = {
  authorFullName: "Ada",
  kind: "note",
  platform: "folder",
  source: "a.md",
  title: "A",
  publishedAt: null,
  language: null,
  tags: [],
};

export const document = (id: string, text: string, authorId = "ada"): CleanedDocument => ({
  ...origin,
  id,
  authorId,
  version: 1,
  text,
  sourceLines: [1],
  duplicateOf: null,
});

export const chunk = (documentId: string, index: number, text: string): Chunk => ({
  ...origin,
  id: `${documentId}-${index}-${text}`,
  documentId,
  documentVersion: 1,
  authorId: "ada",
  index,
  start: index * 10,
  end: index * 10 + text.length,
  text,
  headings: [],
  tokenCount: 1,
  sourceLines: null,
});
