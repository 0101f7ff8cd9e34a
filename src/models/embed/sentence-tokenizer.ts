/**
 * Text to the ids that a sentence encoder reads: its own `tokenizer.json`, cut to its window, between its special
 * tokens. What comes before and after a text is learned from the tokenizer itself, by encoding one word both ways.
 */

import * as huggingFace from "@huggingface/tokenizers";
import { messageOf } from "../../core/errors.ts";
import { TokenizerFileError } from "../errors.ts";

/** Encodes texts for one model. */
export interface SentenceTokenizer {
  /** Tokens of a text that the window holds, without the special ones. */
  readonly maxTextTokens: number;
  /** Tokens of the text, without the special ones. */
  count(text: string): number;
  /** With special tokens; never longer than the window. */
  encode(text: string): number[];
  /** Ids between the special tokens. */
  wrap(ids: readonly number[]): number[];
}

/** What is used of the library's tokenizer: its declarations do not resolve under `nodenext`. */
interface HuggingFaceTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
}

/** The tokenizer's two files, and the model's window. */
export interface SentenceTokenizerOptions {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  /** Of a sequence with its special tokens. */
  readonly maxTokens: number;
  readonly lowercase: boolean;
}

/** @throws {TokenizerFileError} for a file that is no tokenizer */
export function createSentenceTokenizer(options: SentenceTokenizerOptions): SentenceTokenizer {
  const tokenizer = readTokenizer(options);
  const plain = (text: string): number[] =>
    tokenizer.encode(options.lowercase ? text.toLowerCase() : text, { add_special_tokens: false }).ids;
  const { before, after } = specialTokens(tokenizer);
  const maxTextTokens = options.maxTokens - before.length - after.length;
  const wrap = (ids: readonly number[]): number[] => [...before, ...ids.slice(0, maxTextTokens), ...after];
  return { maxTextTokens, count: (text) => plain(text).length, encode: (text) => wrap(plain(text)), wrap };
}

function specialTokens(tokenizer: HuggingFaceTokenizer): { before: number[]; after: number[] } {
  const [bare, whole] = [false, true].map((add) => tokenizer.encode("a", { add_special_tokens: add }).ids);
  const [first = -1] = bare ?? [];
  const start = Math.max(0, whole?.indexOf(first) ?? 0);
  return { before: whole?.slice(0, start) ?? [], after: whole?.slice(start + (bare?.length ?? 0)) ?? [] };
}

function readTokenizer({ tokenizerJson, tokenizerConfig }: SentenceTokenizerOptions): HuggingFaceTokenizer {
  try {
    return new huggingFace.Tokenizer(JSON.parse(tokenizerJson), tokenizerConfig);
  } catch (error) {
    throw new TokenizerFileError(messageOf(error), { cause: error });
  }
}
