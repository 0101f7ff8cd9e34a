/**
 * Trains a byte-level byte-pair encoding: the most frequent pair of neighbouring tokens becomes a
 * token, again and again. Words are counted once, and a merge visits only the words that hold its pair.
 *
 * @source Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units"
 */

import { BYTE_CHARACTERS, toByteCharacters } from "./byte-alphabet.ts";
import { VocabularyTooSmallError } from "./errors.ts";

/** A trained encoding. */
export interface BpeModel {
  /** Tokens over the byte alphabet; a token's index is its id. Special tokens come first, then the 256 bytes. */
  readonly tokens: readonly string[];
  /** Pairs of tokens, most frequent first. */
  readonly merges: readonly (readonly [string, string])[];
}

/** How large an encoding becomes. */
export interface BpeOptions {
  readonly vocabularySize: number;
  /** Tokens that no text produces; they get the first ids. */
  readonly specialTokens: readonly string[];
}

/**
 * Trains on counted words (text with its leading space, as the tokenizer splits it).
 * Deterministic: among pairs of equal count the one with the lower ids is merged.
 */
export function trainBpe(wordCounts: ReadonlyMap<string, number>, options: BpeOptions): BpeModel {
  const tokens = [...options.specialTokens, ...BYTE_CHARACTERS];
  if (options.vocabularySize < tokens.length) throw new VocabularyTooSmallError(options.vocabularySize, tokens.length);
  const pairs = new PairCounts(wordCounts, new Map(tokens.map((token, id) => [token, id])));
  const merges: [string, string][] = [];
  while (tokens.length < options.vocabularySize) {
    const best = pairs.mostFrequent();
    if (!best) break;
    const [left = "", right = ""] = [tokens[best.left], tokens[best.right]];
    pairs.merge(best, tokens.length);
    merges.push([left, right]);
    tokens.push(left + right);
  }
  return { tokens, merges };
}

interface Pair {
  readonly left: number;
  readonly right: number;
}

/** Room for ids below 2^20 on either side of a pair, in one exact number. */
const SIDE = 2 ** 20;

/** Words as id sequences, with the weighted count of each pair of neighbours and the words it occurs in. */
class PairCounts {
  readonly #words: { ids: number[]; readonly count: number }[] = [];
  readonly #counts = new Map<number, number>();
  readonly #places = new Map<number, Set<number>>();

  constructor(wordCounts: ReadonlyMap<string, number>, byteIds: ReadonlyMap<string, number>) {
    for (const [word, count] of wordCounts) {
      const ids = Array.from(toByteCharacters(word), (character) => byteIds.get(character) ?? 0);
      this.#words.push({ ids, count });
      this.#add(this.#words.length - 1, 1);
    }
  }

  /** The pair with the highest count, or `undefined` when no pair occurs at least twice. */
  mostFrequent(): Pair | undefined {
    let [bestKey, bestCount] = [-1, 1];
    for (const [key, count] of this.#counts) {
      if (count > bestCount || (count === bestCount && key < bestKey)) [bestKey, bestCount] = [key, count];
    }
    return bestKey < 0 ? undefined : { left: Math.floor(bestKey / SIDE), right: bestKey % SIDE };
  }

  /** Replaces the pair by `id` wherever it occurs. */
  merge(pair: Pair, id: number): void {
    const key = pair.left * SIDE + pair.right;
    for (const place of [...(this.#places.get(key) ?? [])]) {
      const word = this.#words[place];
      if (!word) continue;
      this.#add(place, -1);
      word.ids = replacePair(word.ids, pair, id);
      this.#add(place, 1);
    }
  }

  #add(place: number, sign: 1 | -1): void {
    const { ids, count } = this.#words[place] ?? { ids: [], count: 0 };
    for (let i = 1; i < ids.length; i++) {
      const key = (ids[i - 1] ?? 0) * SIDE + (ids[i] ?? 0);
      const total = (this.#counts.get(key) ?? 0) + sign * count;
      if (total > 0) this.#counts.set(key, total);
      else this.#counts.delete(key);
      const places = this.#places.get(key) ?? new Set();
      if (sign > 0) this.#places.set(key, places.add(place));
      else places.delete(place);
    }
  }
}

function replacePair(ids: readonly number[], { left, right }: Pair, id: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const isPair = ids[i] === left && ids[i + 1] === right;
    merged.push(isPair ? id : (ids[i] ?? 0));
    if (isPair) i++;
  }
  return merged;
}
