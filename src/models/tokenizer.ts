/**
 * Text to token ids and back through a Hugging Face `tokenizer.json`, with a cache of words in front.
 *
 * This is the one place where text is normalised for the bundled base: curly quotes become straight, CRLF
 * becomes LF, three or more newlines become two, Unicode is composed (NFC). Words are split as GPT-2 splits
 * them, each digit on its own. All of that is written in `tokenizer.json`, so other readers do the same.
 */

import * as huggingFace from "@huggingface/tokenizers";
import { z } from "zod";
import type { Tokenizer } from "../contracts/models.ts";
import { messageOf } from "../core/errors.ts";
import type { BpeModel } from "./bpe-trainer.ts";
import { TokenizerFileError } from "./errors.ts";

/** The special tokens of the bundled base: their ids are their places. */
export const SPECIAL_TOKENS = ["<pad>", "<bos>", "<eos>"] as const;

/** @source openai/gpt-2 `src/encoder.py`, with each number character a word of its own */
const WORDS = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const NORMALIZER = {
  type: "Sequence",
  normalizers: [
    { type: "Replace", pattern: { String: "\r\n" }, content: "\n" },
    { type: "Replace", pattern: { Regex: "[‘’‚‛]" }, content: "'" },
    { type: "Replace", pattern: { Regex: "[“”„‟]" }, content: '"' },
    { type: "Replace", pattern: { Regex: "\\n{3,}" }, content: "\n\n" },
    { type: "NFC" },
  ],
};

const WORD_SPLIT = { type: "Split", pattern: { Regex: WORDS }, behavior: "Isolated", invert: false };

/** The `tokenizer.json` of a trained encoding, with this file's normalisation and word splitting. */
export function toTokenizerJson({ tokens, merges }: BpeModel): string {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({ id, content, ...special })),
    normalizer: NORMALIZER,
    pre_tokenizer: { type: "Sequence", pretokenizers: [WORD_SPLIT, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  });
}

/** What is used of the library's tokenizer: its declarations do not resolve under `nodenext`. */
interface HuggingFaceTokenizer {
  model: { encode(words: readonly string[]): string[] };
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: { readonly tokenizers?: readonly WordStage[] } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
}

/** One stage of a pre-tokenizer; each stage splits every word of the stage before on its own. */
interface WordStage {
  readonly config?: { readonly type?: string };
  pre_tokenize(words: string | readonly string[]): string[];
}

const TokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })),
  model: z.looseObject({ type: z.literal("BPE"), vocab: z.record(z.string(), z.int()) }),
});

/** The names of the special tokens, where they are not `<bos>` and `<eos>`. */
export interface TokenizerOptions {
  readonly bosToken?: string;
  readonly eosToken?: string;
}

/**
 * Reads a `tokenizer.json` with a BPE model.
 * Text never yields a special token: the characters `<eos>` encode as characters.
 *
 * @throws {TokenizerFileError} when the file is not such a tokenizer, or lacks the special tokens
 */
export function parseTokenizer(json: string, options: TokenizerOptions = {}): Tokenizer {
  const { file, tokenizer } = readTokenizer(json);
  const idOf = (token: string): number => {
    const id = tokenizer.token_to_id(token);
    if (id === undefined) throw new TokenizerFileError(`it has no token ${token}`);
    return id;
  };
  const [splitStage, ...wordStages] = tokenizer.pre_tokenizer?.tokenizers ?? [];
  const encodeWord = withWordCache((word) => {
    const pieces = wordStages.reduce<readonly string[]>((words, stage) => stage.pre_tokenize(words), [word]);
    return tokenizer.model.encode(pieces).map(idOf);
  });
  const [bosId, eosId] = [idOf(options.bosToken ?? "<bos>"), idOf(options.eosToken ?? "<eos>")];
  return {
    vocabularySize: 1 + Math.max(...Object.values(file.model.vocab), ...file.added_tokens.map(({ id }) => id)),
    bosId,
    eosId,
    eosIds: [eosId],
    encode(text, { specials = false } = {}) {
      if (specials) return tokenizer.encode(text, { add_special_tokens: false }).ids;
      // Only a stage that splits by pattern yields words that come again.
      if (splitStage?.config?.type !== "Split") return tokenizer.encode(text, { add_special_tokens: false }).ids;
      const ids: number[] = [];
      for (const word of splitStage.pre_tokenize(tokenizer.normalizer?.normalize(text) ?? text)) {
        for (const id of encodeWord(word)) ids.push(id);
      }
      return ids;
    },
    decode(ids) {
      if (ids.length === 0) return "";
      return tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
  };
}

/** Normalises and splits text into words as the tokenizers written by this file do: what `trainBpe` counts. */
export function createWordSplitter(): (text: string) => readonly string[] {
  const { tokenizer } = readTokenizer(toTokenizerJson({ tokens: SPECIAL_TOKENS, merges: [] }));
  const [splitStage] = tokenizer.pre_tokenizer?.tokenizers ?? [];
  return (text) => splitStage?.pre_tokenize(tokenizer.normalizer?.normalize(text) ?? text) ?? [];
}

function readTokenizer(json: string) {
  try {
    const file = TokenizerFile.parse(JSON.parse(json));
    const tokenizer: HuggingFaceTokenizer = new huggingFace.Tokenizer(file, {});
    return { file, tokenizer };
  } catch (error) {
    throw new TokenizerFileError(messageOf(error), { cause: error });
  }
}

/** Words to remember: a few megabytes, and more than the distinct words of most corpora. */
const CACHED_WORDS = 100_000;

function withWordCache(encode: (word: string) => readonly number[]): (word: string) => readonly number[] {
  const cache = new Map<string, readonly number[]>();
  return (word) => {
    const known = cache.get(word);
    if (known) return known;
    const ids = encode(word);
    if (cache.size >= CACHED_WORDS) cache.clear();
    cache.set(word, ids);
    return ids;
  };
}
