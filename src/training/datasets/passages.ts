/** The passages that samples are made of: chunks of documents, without their fenced code and front matter. */

import type { Chunk, CleanedDocument } from "../../contracts/features.ts";
import { proseSpans, splitWords, type TextSpan, textAt } from "../../text/index.ts";

/** Words below which a chunk is no passage. */
export const MIN_PASSAGE_WORDS = 30;

/** A chunk's prose with where it stands. */
export interface Passage {
  readonly chunk: Chunk;
  readonly document: CleanedDocument;
  readonly spans: readonly TextSpan[];
  readonly text: string;
}

/** The passages of the documents, in the order of the chunks. */
export function passagesOf(documents: readonly CleanedDocument[], chunks: readonly Chunk[]): Passage[] {
  const byId = new Map(documents.map((document) => [document.id, { document, prose: proseSpans(document.text) }]));
  return chunks.flatMap((chunk) => {
    const found = byId.get(chunk.documentId);
    if (found === undefined || found.document.version !== chunk.documentVersion) return [];
    const spans = found.prose.flatMap((span) => intersect(span, chunk));
    const text = textAt(found.document.text, spans);
    return splitWords(text).length < MIN_PASSAGE_WORDS ? [] : [{ chunk, document: found.document, spans, text }];
  });
}

/** What two spans have in common: one span, or none. */
export function intersect(a: TextSpan, b: TextSpan): TextSpan[] {
  const span = { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) };
  return span.start < span.end ? [span] : [];
}
