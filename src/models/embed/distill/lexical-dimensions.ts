/**
 * Dimensions that tell pieces apart, beside those that say what they mean: each piece has its own pattern of signs,
 * nearly at right angles to every other's, so that texts that share a rare piece are near whatever its meaning is.
 * A sum of trained vectors alone blurs names and identifiers, which is what people search code for.
 *
 * @source Johnson and Lindenstrauss 1984; signs for normal numbers: Achlioptas 2003
 */

import { createRandom } from "../../../core/random.ts";

/** Of the pattern's length to the geometric mean of the trained vector's length and of the piece's rarity; chosen on `ir/chunking`. */
const STRENGTH = 1.2;

/** A table [V, D] and what is added to its rows. */
export interface LexicalOptions {
  readonly dimensions: number;
  readonly lexicalDimensions: number;
  /** Passages that hold each piece, [V], and passages in all. */
  readonly passageCounts: Uint32Array;
  readonly passageCount: number;
  readonly seed: number;
}

/** The table [V, D + lexicalDimensions]. */
export function addLexicalDimensions(table: Float32Array, options: LexicalOptions): Float32Array {
  const { dimensions: D, lexicalDimensions: L, passageCounts, passageCount, seed } = options;
  const V = passageCounts.length;
  const result = new Float32Array(V * (D + L));
  const lengths = Float64Array.from({ length: V }, (_, row) => lengthOf(table.subarray(row * D, (row + 1) * D)));
  const rarity = Float64Array.from(passageCounts, (count) => Math.log((passageCount + 1) / (count + 1)));
  const balance = mean(lengths) / mean(rarity); // brings rarity to the scale of lengths
  const random = createRandom(seed);
  for (let row = 0; row < V; row++) {
    const start = row * (D + L);
    result.set(table.subarray(row * D, (row + 1) * D), start);
    const length = STRENGTH * Math.sqrt((lengths[row] as number) * (rarity[row] as number) * balance);
    for (let i = 0; i < L; i++) result[start + D + i] = (random.next() < 0.5 ? -1 : 1) * (length / Math.sqrt(L));
  }
  return result;
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
