/** Cleaned documents and chunks for tests: made from plain texts by rules simple enough to check by eye. */

import { provenanceOf } from "../../contracts/documents.ts";
import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { fixtureCleaned } from "../../contracts/records-fixture.ts";
import { hashJson, shortHash } from "../../core/hash.ts";

/** A document of the author `Ada Byron` unless the fields say otherwise. */
export function fixtureDocument(text: string, fields: Partial<CleanedDocument> = {}): CleanedDocument {
  const id = shortHash(hashJson(text));
  return fixtureCleaned({ id, source: `notes/${id}.md`, title: "A note", text, ...fields });
}

/** One chunk a second-level section: from one `## ` to the next. */
export function fixtureChunks(documents: readonly CleanedDocument[]): Chunk[] {
  return documents.flatMap(({ text, id, version, ...document }) => {
    const starts = [0, ...[...text.matchAll(/^## /gm)].map(({ index }) => index)];
    const bounds = [...new Set(starts)].map((start, i, all) => ({ start, end: all[i + 1] ?? text.length }));
    return bounds.map(({ start, end }, index) => ({
      id: `${id}-${index}`,
      documentId: id,
      documentVersion: version,
      ...provenanceOf(document),
      index,
      start,
      end,
      text: text.slice(start, end),
      headings: /^## (.+)/.exec(text.slice(start, end))?.slice(1, 2) ?? [],
      tokenCount: Math.ceil((end - start) / 4),
      sourceLines: null,
    }));
  });
}
