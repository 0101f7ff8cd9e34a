/** A span of a found chunk as a citation: document, version, exact span, and where to open it. */

import type { SearchHit } from "../contracts/vectors.ts";
import type { TextSpan } from "../text/index.ts";
import type { Citation } from "./answer.ts";

/** @param span  characters into the chunk's text */
export function cite(number: number, { chunk }: SearchHit, { start, end }: TextSpan): Citation {
  const linesBefore = chunk.text.slice(0, start).split("\n").length - 1;
  return {
    number,
    quote: chunk.text.slice(start, end),
    documentId: chunk.documentId,
    documentVersion: chunk.documentVersion,
    chunkId: chunk.id,
    start: chunk.start + start,
    end: chunk.start + end,
    source: chunk.source,
    line: chunk.sourceLines?.[linesBefore] ?? null,
    title: chunk.title,
    author: chunk.authorFullName,
  };
}
