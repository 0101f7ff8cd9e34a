/**
 * The files around the weights that other programs look for: the tokenizer and its settings, the chat template, and how
 * to generate. Those of the base are passed on; a base without them, such as the bundled one, gets what says the same.
 */

import { eosIdsOf } from "../llama-config.ts";
import { chatTemplateJinja } from "./chat-template-jinja.ts";
import { type ExportFile, jsonFile, wholeFile } from "./export-file.ts";
import type { ExportSource } from "./export-source.ts";
import { readTokenizerFile, type TokenizerFile, tokenOf } from "./tokenizer-file.ts";

/** Passed on as they are, where the base has them. */
const COMPANIONS = [
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
  "chat_template.jinja",
  "LICENSE",
] as const;

/** Everything but weights and `config.json`. */
export async function modelFiles(source: ExportSource): Promise<readonly ExportFile[]> {
  const tokenizer = await readTokenizerFile(source);
  const settings = await source.companion("tokenizer_config.json");
  const generation = await source.companion("generation_config.json");
  const passedOn = await Promise.all(
    COMPANIONS.map(async (name) => {
      const content = await source.companion(name);
      return content ? [wholeFile(name, content)] : [];
    }),
  );
  return [
    ...(settings
      ? [wholeFile("tokenizer.json", tokenizer.content), wholeFile("tokenizer_config.json", settings)]
      : ownTokenizer(source, tokenizer)),
    generation
      ? wholeFile("generation_config.json", generation)
      : jsonFile("generation_config.json", ownGeneration(source)),
    ...passedOn.flat(),
  ];
}

function ownGeneration({ config }: ExportSource): Record<string, unknown> {
  return { bos_token_id: config.bos_token_id, eos_token_id: config.eos_token_id };
}

/** A tokenizer that puts bos before a text, as models trained here have it, and the settings that name its tokens. */
function ownTokenizer({ config }: ExportSource, tokenizer: TokenizerFile): readonly ExportFile[] {
  const bos = tokenOf(tokenizer, config.bos_token_id);
  const eos = tokenOf(tokenizer, eosIdsOf(config)[0]);
  const begin = bos === undefined ? [] : [{ SpecialToken: { id: bos, type_id: 0 } }];
  const template = {
    type: "TemplateProcessing",
    single: [...begin, { Sequence: { id: "A", type_id: 0 } }],
    pair: [...begin, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: bos === undefined ? {} : { [bos]: { id: bos, ids: [config.bos_token_id], tokens: [bos] } },
  };
  const json = { ...tokenizer.json, post_processor: tokenizer.json.post_processor ?? template };
  const settings = {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...(bos !== undefined && { bos_token: bos }),
    ...(eos !== undefined && { eos_token: eos }),
    model_max_length: config.max_position_embeddings,
    clean_up_tokenization_spaces: false,
    chat_template: chatTemplateJinja,
  };
  return [wholeFile("tokenizer.json", JSON.stringify(json)), jsonFile("tokenizer_config.json", settings)];
}
