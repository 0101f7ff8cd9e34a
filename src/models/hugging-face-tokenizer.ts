/**
 * The Hugging Face library's tokenizer with a cache of words in front of it: ids are the library's, and a text of known
 * words costs a tenth. What makes words is the part of the tokenizer that splits; what follows works on each word alone.
 */

import * as huggingFace from "@huggingface/tokenizers";

/** What is used of the library's tokenizer: its declarations do not resolve under `nodenext`. */
export interface HuggingFaceTokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  pre_tokenizer: PreTokenize | null;
  model: Model;
  readonly special_tokens: readonly string[];
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
}

/** Text to words; the section is the text's number among those between special tokens. */
type PreTokenize = (text: string, options: { section_index?: number }) => readonly string[];

/** Words to tokens, with the tables that the library looks up ids in. */
interface Model {
  (words: readonly string[]): readonly string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  /** By id; ids that no token has are holes. */
  readonly vocab: readonly (string | undefined)[];
  readonly unk_token_id?: number;
  readonly unk_token?: string;
}

/** What a `tokenizer.json` must have; the rest is the library's to read. */
export interface TokenizerFile {
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly special?: boolean | undefined;
  }[];
  readonly pre_tokenizer?: unknown;
  readonly model: { readonly type: string };
}

/** One stage of splitting, as the file writes it. */
interface Stage {
  readonly type?: string;
  readonly pretokenizers?: readonly Stage[];
  readonly use_regex?: boolean;
  readonly add_prefix_space?: boolean;
}

/** Two readers of one tokenizer, which share its tables. */
export interface Readers {
  /** Makes special tokens of their marks in a text. */
  readonly whole: HuggingFaceTokenizer;
  /** Reads the marks of special tokens as characters. */
  readonly plain: HuggingFaceTokenizer;
}

/** Opens a tokenizer; `config` is the content of its `tokenizer_config.json`. */
export function createReaders(file: TokenizerFile, config: object): Readers {
  const stages = stagesOf(file.pre_tokenizer);
  const last = stages.at(-1);
  const encodesBytes = last?.type === "ByteLevel";
  const splitting = encodesBytes ? stages.slice(0, -1) : stages;
  const parts = { ...file, pre_tokenizer: sequence(splitting) };
  const whole = create(parts, config);
  const model = whole.model;
  const toBytes = create({ ...file, added_tokens: [], model: NO_MODEL, pre_tokenizer: encodesBytes ? last : null }, {});
  const encode = (word: string): readonly string[] => model(toBytes.pre_tokenizer?.(word, {}) ?? [word]);
  const cached = Object.assign(withWordCache(encode), {
    tokens_to_ids: model.tokens_to_ids,
    vocab: model.vocab,
    ...(model.unk_token_id !== undefined && { unk_token_id: model.unk_token_id }),
    ...(model.unk_token !== undefined && { unk_token: model.unk_token }),
  });
  const plain = create(
    { ...parts, model: NO_MODEL, added_tokens: file.added_tokens.filter((t) => !t.special) },
    config,
  );
  const split = encodesBytes || file.model.type !== "BPE" ? undefined : spaceSplitter(model.vocab);
  for (const reader of [whole, plain]) {
    const words = reader.pre_tokenizer;
    reader.model = cached;
    if (split) reader.pre_tokenizer = (text, options) => (words?.(text, options) ?? [text]).flatMap(split);
  }
  return { whole, plain };
}

const NO_MODEL = { type: "BPE", vocab: {}, merges: [] };

function create(file: object, config: object): HuggingFaceTokenizer {
  const tokenizer: HuggingFaceTokenizer = new huggingFace.Tokenizer(file, config);
  return tokenizer;
}

/** @source openai/gpt-2 `src/encoder.py`, which a byte-level stage splits by where it is not told otherwise */
const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The stages one after another; a byte-level stage that splits becomes one that splits and one that encodes. */
function stagesOf(preTokenizer: unknown): readonly Stage[] {
  if (typeof preTokenizer !== "object" || preTokenizer === null) return [];
  const stage: Stage = preTokenizer;
  if (stage.type === "Sequence") return (stage.pretokenizers ?? []).flatMap(stagesOf);
  if (stage.type !== "ByteLevel" || stage.add_prefix_space || stage.use_regex === false) return [stage];
  const splitting = { type: "Split", pattern: { Regex: GPT2_WORDS }, behavior: "Isolated", invert: false };
  return [splitting, { ...stage, use_regex: false }];
}

function sequence(pretokenizers: readonly Stage[]): object | null {
  return pretokenizers.length === 0 ? null : { type: "Sequence", pretokenizers };
}

/**
 * Splits text whose spaces are ▁ before every word, where no token of the vocabulary reaches from one word into the
 * next: then no merge does, and the ids are the same.
 */
function spaceSplitter(vocabulary: Model["vocab"]): ((text: string) => readonly string[]) | undefined {
  const reaches = vocabulary.some((token) => token !== undefined && /[^▁]▁/u.test(token));
  return reaches ? undefined : (text) => text.split(/(?<=[^▁])(?=▁)/u);
}

/** Words to remember: a few megabytes, and more than the distinct words of most corpora. */
const CACHED_WORDS = 100_000;
/** What is longer is no word that comes again. */
const CACHED_LENGTH = 64;

function withWordCache(encode: (word: string) => readonly string[]): (words: readonly string[]) => string[] {
  const cache = new Map<string, readonly string[]>();
  const encodeOnce = (word: string): readonly string[] => {
    const known = cache.get(word);
    if (known) return known;
    const tokens = encode(word);
    if (word.length > CACHED_LENGTH) return tokens;
    if (cache.size >= CACHED_WORDS) cache.clear();
    cache.set(word, tokens);
    return tokens;
  };
  return (words) => words.flatMap(encodeOnce);
}
