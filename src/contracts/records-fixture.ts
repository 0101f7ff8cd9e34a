/** Records of one author, Ada, for tests: each with every field, of which a test names those that it is about. */

import type { Provenance, RawDocument } from "./documents.ts";
import type { Chunk, CleanedDocument } from "./features.ts";

const origin: Provenance = {
  authorId: "ada",
  authorFullName: "Ada Byron",
  kind: "note",
  platform: "folder",
  source: "a.md",
  title: "A",
  publishedAt: null,
  language: null,
  tags: [],
};

export function fixtureRaw(fields: Partial<RawDocument> = {}): RawDocument {
  return {
    ...origin,
    id: "d",
    version: 1,
    contentHash: "",
    format: "markdown",
    content: "",
    modifiedAt: null,
    canonicalUrl: null,
    licence: null,
    collectedAt: "",
    goneAt: null,
    ...fields,
  };
}

export function fixtureCleaned(fields: Partial<CleanedDocument> = {}): CleanedDocument {
  return { ...origin, id: "d", version: 1, text: "", sourceLines: null, duplicateOf: null, ...fields };
}

export function fixtureChunk(fields: Partial<Chunk> = {}): Chunk {
  const { text = "" } = fields;
  return {
    ...origin,
    id: "c",
    documentId: "d",
    documentVersion: 1,
    index: 0,
    start: 0,
    end: text.length,
    text,
    headings: [],
    tokenCount: 1,
    sourceLines: null,
    ...fields,
  };
}
