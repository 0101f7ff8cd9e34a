/**
 * Near-duplicates among texts: MinHash signatures, cut into bands, find the pairs worth comparing; the exact Jaccard
 * similarity of word shingles decides, so that no estimate is ever reported. A sketch is all that has to be kept of a
 * text until its pairs are known.
 *
 * @source https://ieeexplore.ieee.org/document/666900 (Broder 1997), §3: resemblance and its sketch;
 *   http://infolab.stanford.edu/~ullman/mmds/ch3n.pdf (Leskovec, Rajaraman, Ullman), §3.4: banding and its S-curve
 */

import { type ContentHash, hashBytes } from "../core/hash.ts";
import { createRandom } from "../core/random.ts";

const HASH_COUNT = 128;
const PERMUTATION_SEED = 20;
/** Of the pairs at the threshold, at most this share is never compared. */
const MISSED_FRACTION = 0.01;
const SHINGLE_WORDS = 5;

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

/**
 * Pairs at or over the threshold, in order. Misses fewer than one in a hundred pairs at the threshold, and far fewer
 * above it. Time grows with the texts and with the pairs that are found, not with all pairs.
 */
export function nearDuplicates(
  texts: readonly string[],
  { threshold = 0.8, shingleWords = SHINGLE_WORDS }: NearDuplicateOptions = {},
): NearDuplicatePair[] {
  const { equal, alike } = pairSketches(
    texts.map((text) => sketchText(text, shingleWords)),
    threshold,
  );
  const setOf = new Map<number, Uint32Array>();
  for (const index of new Set(alike.flat())) setOf.set(index, shingleSet(wordsOf(texts[index] ?? ""), shingleWords));
  const compared = alike.map(([first, second]) => ({
    first,
    second,
    similarity: jaccard(setOf.get(first), setOf.get(second)),
  }));
  return [
    ...equal.map(([first, second]) => ({ first, second, similarity: 1 })),
    ...compared.filter(({ similarity }) => similarity >= threshold),
  ].sort((a, b) => a.first - b.first || a.second - b.second);
}

/** What is kept of a text. */
export interface TextSketch {
  /** Equal for texts of the same words. */
  readonly words: ContentHash;
  /** [HASH_COUNT]; each entry of two sketches agrees with the probability of their sets' Jaccard similarity. */
  readonly minima: Uint32Array;
}

/** The text's sketch; `undefined` for one without words, which is like no other. */
export function sketchText(text: string, shingleWords = SHINGLE_WORDS): TextSketch | undefined {
  const words = wordsOf(text);
  if (words.length === 0) return undefined;
  return { words: hashBytes(words.join(" ")), minima: signature(shingleSet(words, shingleWords)) };
}

/** The exact Jaccard similarity of two texts' word shingles, 0–1. */
export function shingleSimilarity(a: string, b: string, shingleWords = SHINGLE_WORDS): number {
  return jaccard(shingleSet(wordsOf(a), shingleWords), shingleSet(wordsOf(b), shingleWords));
}

type Pair = readonly [first: number, second: number];

/** Pairs by index, `first` < `second`: of the same words, and of others that are worth comparing at the threshold. */
export function pairSketches(
  sketches: readonly (TextSketch | undefined)[],
  threshold = 0.8,
): { readonly equal: readonly Pair[]; readonly alike: readonly Pair[] } {
  const groups = [...Map.groupBy(sketches.keys(), (index) => sketches[index]?.words)]
    .filter(([words]) => words !== undefined)
    .map(([, members]) => members);
  const minima = groups.flatMap(([index = 0]) => sketches[index]?.minima ?? []);
  return {
    equal: groups.flatMap((group) =>
      group.flatMap((first, i) => group.slice(i + 1).map((second): Pair => [first, second])),
    ),
    alike: candidatePairs(minima, bandingFor(threshold)).flatMap(([a, b]) => pairsBetween(groups[a], groups[b])),
  };
}

const pairsBetween = (a: readonly number[] = [], b: readonly number[] = []): Pair[] =>
  a.flatMap((x) => b.map((y): Pair => (x < y ? [x, y] : [y, x])));

/** Bands of a signature, and the rows of each: two texts are compared when they agree on all rows of one band. */
export interface Banding {
  readonly bands: number;
  readonly rows: number;
}

/** The most rows, so the fewest comparisons, at which hardly a pair at the threshold is missed. */
export function bandingFor(threshold: number): Banding {
  for (let rows = 16; rows > 1; rows--) {
    const banding = { bands: Math.floor(HASH_COUNT / rows), rows };
    if (comparedFraction(threshold, banding) >= 1 - MISSED_FRACTION) return banding;
  }
  return { bands: HASH_COUNT, rows: 1 };
}

/**
 * Share of the pairs of a similarity that are compared: 1 − (1 − sʳ)ᵇ. At the default threshold of 0.8, 21 bands of 6
 * rows compare .998 of the pairs at 0.8, .63 at 0.6, .08 at 0.4 and .001 at 0.2.
 */
export function comparedFraction(similarity: number, { bands, rows }: Banding): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/** Letters and digits without case; scripts that are written without spaces give a word for each character. */
const WORD =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[[\p{L}\p{M}\p{N}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]]+/gv;

/** The words of a text in order: what makes two texts the same. */
const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(WORD) ?? [];

/** Distinct 32-bit hashes of the word sequences, ascending. */
function shingleSet(words: readonly string[], shingleWords: number): Uint32Array {
  const hashes = words.map(hashWord);
  const size = Math.min(shingleWords, words.length);
  const shingles = new Uint32Array(words.length - size + 1);
  for (let start = 0; start < shingles.length; start++) {
    let hash = 0;
    for (let i = start; i < start + size; i++) hash = Math.imul(hash ^ (hashes[i] ?? 0), 0x9e3779b1);
    shingles[start] = hash ^ (hash >>> 15);
  }
  const sorted = shingles.sort();
  return sorted.filter((shingle, i) => i === 0 || shingle !== sorted[i - 1]);
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

const PERMUTATIONS = drawPermutations();

function signature(shingles: Uint32Array): Uint32Array {
  const { multipliers, offsets } = PERMUTATIONS;
  const minima = new Uint32Array(HASH_COUNT);
  for (let k = 0; k < HASH_COUNT; k++) {
    const [multiplier, offset] = [multipliers[k] as number, offsets[k] as number]; // both have HASH_COUNT entries
    let least = 0xffffffff;
    for (let i = 0; i < shingles.length; i++) {
      const product = (Math.imul(shingles[i] as number, multiplier) + offset) | 0; // i is in range
      const value = (product ^ (product >>> 16)) >>> 0;
      if (value < least) least = value;
    }
    minima[k] = least;
  }
  return minima;
}

/** Pairs of signatures that agree on all rows of one band, each once. */
function candidatePairs(signatures: readonly Uint32Array[], { bands, rows }: Banding): [number, number][] {
  const pairs = new Set<number>();
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<number, number[]>();
    for (const [index, minima] of signatures.entries()) {
      const key = bandKey(minima, band * rows, rows);
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [index]);
      else {
        for (const other of bucket) pairs.add(other * signatures.length + index);
        bucket.push(index);
      }
    }
  }
  return [...pairs].map((pair) => [Math.floor(pair / signatures.length), pair % signatures.length]);
}

/** A hash of the band: bands that differ may share it, which costs a comparison and nothing more. */
function bandKey(minima: Uint32Array, start: number, rows: number): number {
  let key = 0;
  for (let i = start; i < start + rows; i++) key = Math.imul(key ^ (minima[i] as number), 0x9e3779b1) ^ (key >>> 15); // rows × bands ≤ HASH_COUNT
  return key;
}

/** Of two ascending sets. */
function jaccard(a: Uint32Array = new Uint32Array(), b: Uint32Array = new Uint32Array()): number {
  let both = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as number, b[j] as number]; // i and j are in range
    if (x === y) both++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return both / Math.max(1, a.length + b.length - both);
}
