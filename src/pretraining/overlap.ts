/**
 * Which texts share a run of words with texts that they must not have in common: evaluation data with training data.
 * Runs are kept as 53-bit hashes, so that half a million words of evaluation data take a few dozen megabytes; of a
 * billion comparisons about one is equal by chance, and drops a document too many.
 */

import { splitWords } from "../text/index.ts";

/** Words that a run has: the length by which training data is usually cleaned. */
const RUN_WORDS = 13;

/** What a text shares with the collections of an index. */
export interface Overlap {
  /** Shared runs by collection; a passage of n words shares n - 12 of them. */
  readonly runs: Readonly<Record<string, number>>;
  /** The words of the first. */
  readonly example: string;
}

/** Collections of texts by name, to be found again in others. */
export interface OverlapIndex {
  add(collection: string, text: string): void;
  /** `undefined` where the text shares no run of words with any collection. */
  find(text: string): Overlap | undefined;
  /** Distinct runs by collection. */
  sizes(): Readonly<Record<string, number>>;
}

/**
 * An index of runs of 13 words, without case and punctuation.
 *
 * @source Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C
 */
export function createOverlapIndex(): OverlapIndex {
  const collections = new Map<string, Set<number>>();
  const hashOf = createWordHash();
  return {
    add(collection, text) {
      const runs = collections.get(collection) ?? new Set();
      collections.set(collection, runs);
      for (const run of runHashes(wordsOf(text), hashOf)) runs.add(run);
    },
    find(text) {
      const words = wordsOf(text);
      const runs: Record<string, number> = {};
      let first: number | undefined;
      let at = 0;
      for (const run of runHashes(words, hashOf)) {
        for (const [name, known] of collections) {
          if (!known.has(run)) continue;
          runs[name] = (runs[name] ?? 0) + 1;
          first ??= at;
        }
        at++;
      }
      return first === undefined ? undefined : { runs, example: words.slice(first, first + RUN_WORDS).join(" ") };
    },
    sizes: () => Object.fromEntries([...collections].map(([name, runs]) => [name, runs.size])),
  };
}

const wordsOf = (text: string): string[] => splitWords(text.normalize("NFKC").toLowerCase());

/** Two 32-bit hashes of each run, mixed into one number. */
function* runHashes(words: readonly string[], hashOf: (word: string) => number): Generator<number> {
  const hashes = Int32Array.from(words, hashOf);
  for (let start = 0; start + RUN_WORDS <= hashes.length; start++) {
    let [a, b] = [0x811c9dc5, 0x9747b28c];
    for (let i = start; i < start + RUN_WORDS; i++) {
      const word = hashes[i] ?? 0;
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b ^ word, 0x5bd1e995);
      b ^= b >>> 13;
    }
    yield (a >>> 0) * 2 ** 21 + (b >>> 11);
  }
}

/** Words to remember the hashes of. */
const CACHED_WORDS = 1_000_000;

/** @source FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
function createWordHash(): (word: string) => number {
  const known = new Map<string, number>();
  return (word) => {
    const cached = known.get(word);
    if (cached !== undefined) return cached;
    let hash = 0x811c9dc5;
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
    if (known.size < CACHED_WORDS) known.set(word, hash);
    return hash;
  };
}
