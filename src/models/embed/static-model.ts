/**
 * A static embedder: every piece of a vocabulary has one vector, and a text is the sum of its pieces' vectors, each
 * by 1 + ln of how often the piece occurs, scaled to unit length. The weight of a piece is the length of its vector.
 * Letters: V pieces, D dimensions.
 */

import { fromInt8Rows, type Int8Rows, toInt8Rows } from "../int8-rows.ts";
import { toUnitLength } from "./pooling.ts";
import type { WordPiece } from "./word-piece.ts";

/** The vectors of all pieces: [V, D] as 8-bit rows. */
export interface StaticTable {
  readonly rows: Int8Rows;
  readonly dimensions: number;
}

/** Vectors of texts, by a table; a text without a known piece gives zeros. */
export function createStaticEncoder(wordPiece: WordPiece, table: StaticTable): (text: string) => Float32Array {
  const { dimensions: D, rows } = table;
  const { values, scales } = rows;
  return (text) => {
    const vector = new Float32Array(D);
    for (const [id, count] of countIds(piecesOf(text, wordPiece))) {
      const [from, weight] = [id * D, (scales[id] as number) * frequencyWeight(count)];
      for (let i = 0; i < D; i++) vector[i] = (vector[i] as number) + weight * (values[from + i] as number);
    }
    return toUnitLength(vector);
  };
}

/** Between the words of an identifier in camel case. */
const HUMP = /([a-z0-9])([A-Z])/g;

/** The pieces of a text, an identifier in camel case taken as its words. */
export function piecesOf(text: string, wordPiece: WordPiece): number[] {
  return wordPiece.encode(text.replace(HUMP, "$1 $2"));
}

/** The weight of a piece that occurs `count` times. */
export function frequencyWeight(count: number): number {
  return 1 + Math.log(count);
}

/** How often each id occurs. */
export function countIds(ids: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** Rounds a table of floats [V, D] to 8-bit rows. */
export function toStaticTable(vectors: Float32Array, dimensions: number): StaticTable {
  return { rows: toInt8Rows(vectors, dimensions), dimensions };
}

/** The floats again, as near as they were stored. */
export function toFloats({ rows }: StaticTable): Float32Array {
  return fromInt8Rows(rows);
}
