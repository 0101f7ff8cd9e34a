/**
 * WordPiece as BERT does it, made for speed: one pass of a regular expression over the text, and the pieces of a word
 * looked up where the word came before. The ids are those of the Hugging Face tokenizer with the same vocabulary.
 */

import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { TokenizerFileError } from "../errors.ts";

/** Splits texts into the ids of known pieces; what has none is left out. */
export interface WordPiece {
  /** Each piece by its id; a piece inside a word begins with `##`. */
  readonly pieces: readonly string[];
  /** Ids without special tokens, in order; a word that cannot be put together from pieces gives `unknownId`. */
  encode(text: string): number[];
  readonly unknownId: number;
}

const File = z.looseObject({
  normalizer: z.looseObject({ type: z.literal("BertNormalizer"), lowercase: z.literal(true) }),
  pre_tokenizer: z.looseObject({ type: z.literal("BertPreTokenizer") }),
  model: z.looseObject({
    type: z.literal("WordPiece"),
    unk_token: z.string(),
    continuing_subword_prefix: z.literal("##"),
    max_input_chars_per_word: z.int().default(100),
    vocab: z.record(z.string(), z.int()),
  }),
});

/** A sign by itself, a Chinese character by itself, or a run of anything else but white space. @source BERT `tokenization.py` */
const CJK =
  "\\u4E00-\\u9FFF\\u3400-\\u4DBF\\u{20000}-\\u{2A6DF}\\u{2A700}-\\u{2CEAF}\\uF900-\\uFAFF\\u{2F800}-\\u{2FA1F}";
const SIGNS = "\\p{P}$+<=>^`|~";
const WORD = new RegExp(`[${SIGNS}${CJK}]|[^\\s${SIGNS}${CJK}]+`, "gu");
const ASCII_WORD = /[!-/:-@[-`{-~]|[0-9A-Za-z]+/g;
/** Control and format characters, which BERT drops; tab and line ends are white space. */
const DROPPED = /(?![\t\n\r])[\p{Cc}\p{Cf}\uFFFD]/gu;
const NON_ASCII = /[^\t\n\r -~]/;

/**
 * Reads a `tokenizer.json` with a lower-casing BERT WordPiece.
 *
 * @throws {TokenizerFileError} (`tokenizer-file-invalid`) for any other
 */
export function parseWordPiece(tokenizerJson: string): WordPiece {
  const { vocab, unk_token, max_input_chars_per_word: longest } = readModel(tokenizerJson);
  const ids = new Map(Object.entries(vocab));
  const unknownId = ids.get(unk_token);
  if (unknownId === undefined) throw new TokenizerFileError(`it has no token ${unk_token}`);
  const pieces: string[] = [];
  for (const [piece, id] of ids) pieces[id] = piece;
  const encodeWord = withCache((word) => splitWord(word, ids, longest) ?? [unknownId]);
  return {
    pieces,
    unknownId,
    encode(text) {
      const result: number[] = [];
      for (const word of wordsOf(text)) for (const id of encodeWord(word)) result.push(id);
      return result;
    },
  };
}

/** Lower-case words and signs, accents taken off. */
function wordsOf(text: string): readonly string[] {
  if (!NON_ASCII.test(text)) return text.toLowerCase().match(ASCII_WORD) ?? [];
  const clean = text
    .replace(DROPPED, "")
    .normalize("NFD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase();
  return clean.match(WORD) ?? [];
}

/** The longest known piece from the left, again and again; nothing where one cannot go on. */
function splitWord(word: string, ids: ReadonlyMap<string, number>, longest: number): number[] | undefined {
  const characters = [...word];
  if (characters.length > longest) return undefined;
  const result: number[] = [];
  for (let start = 0; start < characters.length; ) {
    let end = characters.length;
    let id: number | undefined;
    for (; end > start; end--) {
      const part = characters.slice(start, end).join("");
      id = ids.get(start > 0 ? `##${part}` : part);
      if (id !== undefined) break;
    }
    if (id === undefined) return undefined;
    result.push(id);
    start = end;
  }
  return result;
}

/** Words to remember: more than the distinct words of most corpora, and some megabytes. */
const CACHED_WORDS = 200_000;

function withCache(encode: (word: string) => readonly number[]): (word: string) => readonly number[] {
  const cache = new Map<string, readonly number[]>();
  return (word) => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = encode(word);
    if (cache.size >= CACHED_WORDS) cache.clear();
    cache.set(word, ids);
    return ids;
  };
}

function readModel(json: string): z.output<typeof File>["model"] {
  try {
    return File.parse(JSON.parse(json)).model;
  } catch (error) {
    throw new TokenizerFileError(messageOf(error), { cause: error });
  }
}
