/** A tokenizer of a base's own: byte-level pairs learnt from a sample of each kind of its documents. */

import { createWordSplitter, SPECIAL_TOKENS, toTokenizerJson, trainBpe } from "../models/index.ts";
import type { ProseDocument } from "./document.ts";

/** Words seen once are mostly noise, and would be half of all words. */
const LEAST_WORD_COUNT = 2;

/** How a tokenizer is learnt. */
export interface LearnTokenizerOptions {
  readonly vocabularySize: number;
  /** Characters to learn from, of each kind; more changes the merges little. */
  readonly sampleCharacters: number;
}

/** The content of a `tokenizer.json`. Deterministic. */
export async function learnTokenizer(
  documents: AsyncIterable<ProseDocument> | Iterable<ProseDocument>,
  { vocabularySize, sampleCharacters }: LearnTokenizerOptions,
): Promise<string> {
  const splitWords = createWordSplitter();
  const counts = new Map<string, number>();
  const characters = new Map<string, number>();
  for await (const { kind, text } of documents) {
    const read = characters.get(kind) ?? 0;
    if (read > sampleCharacters) continue;
    for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    characters.set(kind, read + text.length);
  }
  const frequent = new Map([...counts].filter(([, count]) => count >= LEAST_WORD_COUNT));
  return toTokenizerJson(trainBpe(frequent, { vocabularySize, specialTokens: SPECIAL_TOKENS }));
}
