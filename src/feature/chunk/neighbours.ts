/** Which chunks stand before and after one in its document: for showing it in its place, and for reading on. */

import type { Chunk } from "../../contracts/features.ts";

/** The ids beside a chunk; `null` at the ends of the document. */
export interface ChunkNeighbours {
  readonly previousId: string | null;
  readonly nextId: string | null;
}

/** By chunk id, for chunks of any documents in any order; a neighbour that was not given is `null`. */
export function neighboursOf(
  chunks: readonly Pick<Chunk, "id" | "documentId" | "documentVersion" | "index">[],
): Map<string, ChunkNeighbours> {
  const placeOf = ({ documentId, documentVersion }: (typeof chunks)[number], index: number): string =>
    `${documentId}\n${documentVersion}\n${index}`;
  const ids = new Map(chunks.map((chunk) => [placeOf(chunk, chunk.index), chunk.id]));
  return new Map(
    chunks.map((chunk) => [
      chunk.id,
      {
        previousId: ids.get(placeOf(chunk, chunk.index - 1)) ?? null,
        nextId: ids.get(placeOf(chunk, chunk.index + 1)) ?? null,
      },
    ]),
  );
}
