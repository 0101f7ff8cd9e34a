/**
 * The tokenizer of a model's folder and how it writes conversations: `tokenizer.json`, and where they are there
 * `tokenizer_config.json`, `generation_config.json` and `chat_template.jinja`.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ChatTemplate } from "../contracts/models.ts";
import { parseWith } from "../core/schema.ts";
import { jinjaChatTemplate, plainChatTemplate, type TemplateTokens } from "./chat-template.ts";
import { TokenizerMismatchError } from "./errors.ts";
import { eosIdsOf, type LlamaConfig } from "./llama-config.ts";
import { readBaseFile, readBaseJson } from "./model-folder.ts";
import { type ParsedTokenizer, parseTokenizer } from "./tokenizer.ts";

/** A special token: its text, or an object with it. */
const Token = z
  .union([z.string(), z.looseObject({ content: z.string() })])
  .nullish()
  .transform((token) => (typeof token === "string" ? token : token?.content));
const TokenizerConfig = z.looseObject({
  add_bos_token: z.boolean().nullish(),
  bos_token: Token,
  eos_token: Token,
  pad_token: Token,
  unk_token: Token,
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});
type TokenizerConfig = z.output<typeof TokenizerConfig>;

const GenerationConfig = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });

export interface TokenizerFolder {
  readonly tokenizer: ParsedTokenizer;
  readonly chatTemplate: ChatTemplate;
  /** Paths of the files that decided. */
  readonly files: readonly string[];
}

/**
 * Reads the tokenizer of a folder.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) for a file that is missing or no JSON
 * @throws {TokenizerFileError} (`tokenizer-file-invalid`) for a file that is no tokenizer
 * @throws {TokenizerMismatchError} (`tokenizer-mismatch`) when it has ids that the model has no row for
 */
export async function readTokenizerFolder(folder: string, config: LlamaConfig): Promise<TokenizerFolder> {
  const json = (await readBaseFile(folder, "tokenizer.json")).toString();
  const own = await readOptional(folder, "tokenizer_config.json", TokenizerConfig);
  const generation = await readOptional(folder, "generation_config.json", GenerationConfig);
  const settings = { config: own ?? {}, bosId: null, eosIds: [0] };
  const known = parseTokenizer(json, settings);
  const tokenizer = {
    ...known,
    bosId: bosIdOf(known, own, config),
    ...eosOf(known, own, [...eosIdsOf(config), ...[generation?.eos_token_id ?? []].flat()]),
  };
  checkFit(tokenizer, config.vocab_size);
  const template = await readTemplate(folder, own);
  const files = FILES.map((name) => join(folder, name)).filter((path) => existsSync(path));
  if (template === undefined) return { tokenizer, chatTemplate: plainChatTemplate(tokenizer), files };
  const tokens = tokensOf(own);
  const chatTemplate = jinjaChatTemplate(template, { tokenizer, tokens, marks: known.marks });
  return { tokenizer, chatTemplate, files };
}

const TEMPLATE_FILE = "chat_template.jinja";
const FILES = ["tokenizer.json", "tokenizer_config.json", "generation_config.json", TEMPLATE_FILE] as const;

/** What the tokenizer itself puts before a text; without a word on that from it, what the model's configuration names. */
function bosIdOf(tokenizer: ParsedTokenizer, own: TokenizerConfig | undefined, config: LlamaConfig): number | null {
  if (own?.add_bos_token === false) return null;
  if (own?.add_bos_token === true) return idOf(tokenizer, own.bos_token) ?? config.bos_token_id;
  return tokenizer.prefixId ?? (own ? null : config.bos_token_id);
}

/** What `tokenizer_config.json` names ends a text and an answer; what the other files name ends generation as well. */
function eosOf(tokenizer: ParsedTokenizer, own: TokenizerConfig | undefined, others: readonly number[]) {
  const named = idOf(tokenizer, own?.eos_token);
  const eosIds = [...new Set([...(named === undefined ? [] : [named]), ...others])];
  const [eosId] = eosIds;
  if (eosId === undefined) throw new TokenizerMismatchError("no file says which token ends a text");
  return { eosId, eosIds };
}

function idOf(tokenizer: ParsedTokenizer, token: string | undefined): number | undefined {
  return token === undefined ? undefined : tokenizer.idOf(token);
}

function checkFit({ vocabularySize, bosId, eosIds }: ParsedTokenizer, rows: number): void {
  if (vocabularySize > rows) {
    throw new TokenizerMismatchError(`it has ${vocabularySize} tokens, and the model's vocab_size is ${rows}`);
  }
  const outside = [...(bosId === null ? [] : [bosId]), ...eosIds].find((id) => id >= rows);
  if (outside !== undefined) {
    throw new TokenizerMismatchError(`token ${outside} begins or ends a text, and the model's vocab_size is ${rows}`);
  }
}

/** The file before the field, as transformers reads them; of several templates the one named `default`. */
async function readTemplate(folder: string, own: TokenizerConfig | undefined): Promise<string | undefined> {
  if (existsSync(join(folder, TEMPLATE_FILE))) return (await readBaseFile(folder, TEMPLATE_FILE)).toString();
  const templates = own?.chat_template ?? undefined;
  if (templates === undefined || typeof templates === "string") return templates;
  return templates.find(({ name }) => name === "default")?.template;
}

function tokensOf(own: TokenizerConfig | undefined): TemplateTokens {
  const { bos_token, eos_token, pad_token, unk_token } = own ?? {};
  const given = Object.entries({ bos_token, eos_token, pad_token, unk_token }).filter(
    ([, token]) => token !== undefined,
  );
  return Object.fromEntries(given);
}

async function readOptional<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  if (!existsSync(join(folder, name))) return undefined;
  return parseWith(schema, await readBaseJson(folder, name), join(folder, name));
}
