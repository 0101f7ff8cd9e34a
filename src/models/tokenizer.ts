/**
 * Text to token ids and back through a Hugging Face `tokenizer.json`; and the file that the bundled base has.
 *
 * That file is the one place where text is normalised for the bundled base: curly quotes become straight, CRLF
 * becomes LF, three or more newlines become two, Unicode is composed (NFC). Words are split as GPT-2 splits
 * them, each digit on its own. All of that is written in `tokenizer.json`, so other readers do the same.
 */

import { z } from "zod";
import type { Tokenizer } from "../contracts/models.ts";
import { messageOf } from "../core/errors.ts";
import type { BpeModel } from "./bpe-trainer.ts";
import { TokenizerFileError } from "./errors.ts";
import { createReaders, type HuggingFaceTokenizer, type Readers } from "./hugging-face-tokenizer.ts";

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

const TokenizerJson = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string(), special: z.boolean().optional() })),
  model: z.looseObject({ type: z.string(), vocab: z.unknown() }),
});

/** What a `tokenizer.json` alone does not say. */
export interface TokenizerOptions {
  /** The content of `tokenizer_config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What begins a text, null for nothing. Default: the token `<bos>`. */
  readonly bosId?: number | null;
  /** What ends generation; the first ends a text. Default: the token `<eos>`. */
  readonly eosIds?: readonly number[];
}

/** A tokenizer with the places of its tokens by name. */
export interface ParsedTokenizer extends Tokenizer {
  idOf(token: string): number | undefined;
  /** The texts of all special tokens. */
  readonly marks: readonly string[];
  /** What the tokenizer's own template puts before a text; null for nothing. */
  readonly prefixId: number | null;
}

/**
 * Reads a `tokenizer.json`.
 * Without `specials`, text never yields a special token: the characters `<eos>` encode as characters.
 *
 * @throws {TokenizerFileError} when the file is not such a tokenizer, or lacks the special tokens
 */
export function parseTokenizer(json: string, options: TokenizerOptions = {}): ParsedTokenizer {
  const { whole, plain } = readTokenizer(json, options.config ?? {});
  const idOf = (token: string): number => {
    const id = whole.token_to_id(token);
    if (id === undefined) throw new TokenizerFileError(`it has no token ${token}`);
    return id;
  };
  const eosIds = options.eosIds ?? [idOf("<eos>")];
  const [eosId] = eosIds;
  if (eosId === undefined) throw new TokenizerFileError("nothing says which token ends a text");
  return {
    vocabularySize: whole.model.vocab.length,
    bosId: options.bosId === undefined ? idOf("<bos>") : options.bosId,
    eosId,
    eosIds,
    marks: whole.special_tokens,
    prefixId: prefixOf(whole),
    idOf: (token) => whole.token_to_id(token),
    encode: (text, { specials = false } = {}) =>
      (specials ? whole : plain).encode(text, { add_special_tokens: false }).ids,
    decode(ids) {
      if (ids.length === 0) return "";
      return whole.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
  };
}

function prefixOf(tokenizer: HuggingFaceTokenizer): number | null {
  const [bare, whole] = [false, true].map((add) => tokenizer.encode("a", { add_special_tokens: add }).ids);
  const [first] = whole ?? [];
  return first === undefined || first === bare?.[0] ? null : first;
}

/** Normalises and splits text into words as the tokenizers written by this file do: what `trainBpe` counts. */
export function createWordSplitter(): (text: string) => readonly string[] {
  const { plain } = readTokenizer(toTokenizerJson({ tokens: SPECIAL_TOKENS, merges: [] }), {});
  return (text) => plain.pre_tokenizer?.(plain.normalizer?.normalize(text) ?? text, {}) ?? [];
}

function readTokenizer(json: string, config: Readonly<Record<string, unknown>>): Readers {
  try {
    return createReaders(TokenizerJson.parse(JSON.parse(json)), config);
  } catch (error) {
    throw new TokenizerFileError(messageOf(error), { cause: error });
  }
}
