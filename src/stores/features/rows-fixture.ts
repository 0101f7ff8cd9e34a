/** Rows for tests: a document, and chunks whose id tells their place and text. */

import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { fixtureChunk, fixtureCleaned } from "../../contracts/records-fixture.ts";

export const document = (id: string, text: string, authorId = "ada"): CleanedDocument =>
  fixtureCleaned({ id, authorId, text, sourceLines: [1] });

export const chunk = (documentId: string, index: number, text: string): Chunk =>
  fixtureChunk({
    id: `${documentId}-${index}-${text}`,
    documentId,
    index,
    start: index * 10,
    end: index * 10 + text.length,
    text,
  });
