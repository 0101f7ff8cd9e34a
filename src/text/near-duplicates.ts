/**
 * Near-duplicates among texts: MinHash finds the pairs worth comparing, exact Jaccard similarity of
 * word shingles decides, so that no estimate is ever reported.
 *
 * @source https://ieeexplore.ieee.org/document/666900 (Broder 1997), §3: resemblance and its sketch
 */

import { createRandom } from "../core/random.ts";

const HASH_COUNT = 128;
const PERMUTATION_SEED = 20;

/** What counts as near. */
export interface NearDuplicateOptions {
  /** Least Jaccard similarity of a pair, 0–1. Default 0.8. */
  readonly threshold?: number;
  /** Words in a shingle. Default 5; a shorter text is one shingle. */
  readonly shingleWords?: number;
}

/** Two texts by index, `first` < `second`. */
export interface NearDuplicatePair {
  readonly first: number;
  readonly second: number;
  /** Jaccard similarity of their shingle sets, 0–1. */
  readonly similarity: number;
}

/** Pairs at or over the threshold, in order. Misses fewer than one in a hundred pairs at the threshold. */
export function nearDuplicates(
  texts: readonly string[],
  { threshold = 0.8, shingleWords = 5 }: NearDuplicateOptions = {},
): NearDuplicatePair[] {
  const shingles = texts.map((text) => shingleSet(text, shingleWords));
  // 64 bands of 2 catch 0.3 at .998; 32 bands of 4 catch 0.6 at .99 and compare far fewer pairs.
  const rows = threshold < 0.6 ? 2 : 4;
  const permutations = drawPermutations();
  const signatures = shingles.map((set) => signature(set, permutations));
  return candidatePairs(signatures, rows)
    .map(([first, second]) => ({ first, second, similarity: jaccard(shingles[first], shingles[second]) }))
    .filter(({ similarity }) => similarity >= threshold)
    .sort((a, b) => a.first - b.first || a.second - b.second);
}

/** 32-bit hashes of the word sequences of a text: letters and digits only, without case. */
function shingleSet(text: string, shingleWords: number): Set<number> {
  const words = (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(hashWord);
  const size = Math.min(shingleWords, words.length);
  const shingles = new Set<number>();
  for (let start = 0; size > 0 && start + size <= words.length; start++) {
    let hash = 0;
    for (let i = start; i < start + size; i++) hash = Math.imul(hash ^ (words[i] ?? 0), 0x9e3779b1);
    shingles.add((hash ^ (hash >>> 15)) >>> 0);
  }
  return shingles;
}

/** FNV-1a over UTF-16 code units. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash;
}

interface Permutations {
  /** Odd, so that multiplication permutes the 32-bit integers. */
  readonly multipliers: Uint32Array;
  readonly offsets: Uint32Array;
}

function drawPermutations(): Permutations {
  const random = createRandom(PERMUTATION_SEED);
  const draw = (): Uint32Array => Uint32Array.from({ length: HASH_COUNT }, () => random.integer(2 ** 32));
  return { multipliers: draw().map((word) => word | 1), offsets: draw() };
}

function signature(shingles: ReadonlySet<number>, { multipliers, offsets }: Permutations): Uint32Array {
  const minima = new Uint32Array(HASH_COUNT).fill(0xffffffff);
  for (const shingle of shingles) {
    for (let k = 0; k < HASH_COUNT; k++) {
      const product = Math.imul(shingle, multipliers[k] ?? 0) + (offsets[k] ?? 0);
      const value = (product ^ (product >>> 16)) >>> 0;
      if (value < (minima[k] ?? 0)) minima[k] = value;
    }
  }
  return minima;
}

/** Pairs whose signatures agree on all rows of one band. Empty texts pair with nothing. */
function candidatePairs(signatures: readonly Uint32Array[], rows: number): [number, number][] {
  const pairs = new Map<string, [number, number]>();
  for (let band = 0; band < HASH_COUNT; band += rows) {
    const buckets = new Map<string, number[]>();
    signatures.forEach((minima, index) => {
      if (minima[0] === 0xffffffff) return;
      const key = minima.subarray(band, band + rows).join();
      const bucket = buckets.get(key) ?? [];
      for (const other of bucket) pairs.set(`${other} ${index}`, [other, index]);
      buckets.set(key, [...bucket, index]);
    });
  }
  return [...pairs.values()];
}

function jaccard(a: ReadonlySet<number> = new Set(), b: ReadonlySet<number> = new Set()): number {
  let both = 0;
  for (const shingle of a) if (b.has(shingle)) both++;
  return both / Math.max(1, a.size + b.size - both);
}
