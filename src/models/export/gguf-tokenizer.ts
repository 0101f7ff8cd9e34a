/**
 * A byte-level BPE tokenizer as GGUF's metadata has it.
 *
 * @source ggml-org/llama.cpp conversion/base.py, `get_vocab_base` and `_set_vocab_gpt2`; gguf-py/gguf/vocab.py, `SpecialVocab`
 */

import { z } from "zod";
import { parseWith } from "../../core/schema.ts";
import { ExportError } from "../errors.ts";
import { eosIdsOf, type LlamaConfig } from "../llama-config.ts";
import { chatTemplateJinja } from "./chat-template-jinja.ts";
import type { ExportSource } from "./export-source.ts";
import type { GgufValue } from "./gguf-format.ts";
import { preTokenizerName } from "./pre-tokenizers.ts";
import { readTokenizerFile, type TokenizerFile, tokenOf } from "./tokenizer-file.ts";

const TOKEN_TYPES = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

const Settings = z.looseObject({
  add_bos_token: z.boolean().nullish(),
  pad_token: z.union([z.string(), z.looseObject({ content: z.string() })]).nullish(),
  chat_template: z.unknown().optional(),
});

/**
 * The tokenizer's metadata. `preTokenizer` overrules the table of `pre-tokenizers.ts`.
 *
 * @throws {ExportError} (`export-impossible`) for a tokenizer that llama.cpp would read differently
 */
export async function ggufTokenizer(
  source: ExportSource,
  preTokenizer?: string,
): Promise<ReadonlyMap<string, GgufValue>> {
  const tokenizer = await readTokenizerFile(source);
  const file = await source.companion("tokenizer_config.json");
  const settings = file ? parseWith(Settings, JSON.parse(file.toString()), "tokenizer_config.json") : null;
  if (tokenizer.json.model.byte_fallback) {
    throw new ExportError(
      "the tokenizer falls back to bytes as SentencePiece's do",
      "Export safetensors or onnx instead",
    );
  }
  const { tokens, types } = tokenList(tokenizer, source.config);
  const template = await chatTemplateOf(source, settings);
  const padding = settings?.pad_token;
  const padId = tokens.indexOf(typeof padding === "string" ? padding : (padding?.content ?? ""));
  const [eos, endOfTurn] = eosIdsOf(source.config);
  const ids = { bos: source.config.bos_token_id, eos, eot: endOfTurn, padding: padId < 0 ? undefined : padId };
  const string = (value: string): GgufValue => ({ type: "string", value });
  return new Map<string, GgufValue>([
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string(preTokenizer ?? preTokenizerName(tokenizer))],
    ["tokenizer.ggml.tokens", { type: "array", of: "string", value: tokens }],
    ["tokenizer.ggml.token_type", { type: "array", of: "int32", value: types }],
    ["tokenizer.ggml.merges", { type: "array", of: "string", value: mergesOf(tokenizer) }],
    ...Object.entries(ids).flatMap(([name, value]): [string, GgufValue][] =>
      typeof value === "number" ? [[`tokenizer.ggml.${name}_token_id`, { type: "uint32", value }]] : [],
    ),
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: addsBos(tokenizer, source.config, settings) }],
    ["tokenizer.ggml.add_eos_token", { type: "bool", value: false }],
    ...(template === null ? [] : [["tokenizer.chat_template", string(template)] as const]),
  ]);
}

/** A token for every row of the embedding. */
function tokenList({ json }: TokenizerFile, { vocab_size: size }: LlamaConfig) {
  const tokens: string[] = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types: number[] = new Array(size).fill(TOKEN_TYPES.unused);
  const put = (id: number, token: string, type: number): void => {
    if (id >= size) {
      throw new ExportError(
        `the token ${token} has the id ${id} and the model ${size} rows`,
        "Give the model its own tokenizer",
      );
    }
    tokens[id] = token;
    types[id] = type;
  };
  for (const [token, id] of Object.entries(json.model.vocab)) put(id, token, TOKEN_TYPES.normal);
  for (const { id, content, special } of json.added_tokens) {
    const marks = special || /^<\|.*\|>$/s.test(content);
    put(id, content, marks ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  return { tokens, types };
}

function mergesOf({ json }: TokenizerFile): readonly string[] {
  return json.model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
}

/** Whether bos is put before a text: as the settings or the post-processor say; models trained here have it. */
function addsBos(tokenizer: TokenizerFile, config: LlamaConfig, settings: z.output<typeof Settings> | null): boolean {
  const bos = tokenOf(tokenizer, config.bos_token_id);
  if (bos === undefined) return false;
  if (settings === null) return true;
  return settings.add_bos_token ?? JSON.stringify(tokenizer.json.post_processor ?? null).includes(JSON.stringify(bos));
}

/** The base's template, as a file of its own or among the settings; ours for a base without settings. */
async function chatTemplateOf(
  source: ExportSource,
  settings: z.output<typeof Settings> | null,
): Promise<string | null> {
  const file = await source.companion("chat_template.jinja");
  if (file) return file.toString();
  if (settings === null) return chatTemplateJinja;
  return typeof settings.chat_template === "string" ? settings.chat_template : null;
}
