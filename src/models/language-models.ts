/**
 * The `LanguageModels` port over a folder with a Llama checkpoint as Hugging Face lays it out: `config.json`,
 * `tokenizer.json` and `model.safetensors`, of floats or of 8-bit rows.
 */

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { LanguageModels, OpenTrainableOptions } from "../contracts/models.ts";
import { messageOf } from "../core/errors.ts";
import { hashBytes, hashJson, shortHash } from "../core/hash.ts";
import { plainChatTemplate } from "./chat-template.ts";
import { parseCheckpoint } from "./checkpoint-int8.ts";
import { BaseModelError } from "./errors.ts";
import { llamaTensors, parseLlamaConfig } from "./llama-config.ts";
import { openFullTrainable, openLoraTrainable } from "./llama-trainable.ts";
import { weightOf } from "./llama-weights.ts";
import { ADAPTER_WEIGHTS_FILE, fillFromAdapter, mergeAdapter, parseAdapter, toAdapterFiles } from "./lora-adapter.ts";
import { parseTokenizer } from "./tokenizer.ts";
import { createVoiceModel } from "./voice-model.ts";

/** Where the base is, and how many threads compute. */
export interface LanguageModelsOptions {
  /** Holds `config.json`, `tokenizer.json` and `model.safetensors`; its name is the base's name. */
  readonly folder: string;
  /** Of one operation. Default 2. */
  readonly threads?: number;
}

/**
 * Reads the base into memory and checks that it is complete; sessions are opened by what is asked for.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the folder cannot be read
 * @throws {MissingWeightError} (`llama-weight-missing`) when the weights do not fit the configuration
 */
export async function openLanguageModels({ folder, threads }: LanguageModelsOptions): Promise<LanguageModels> {
  const [configFile, tokenizerFile, weightsFile] = (await Promise.all(
    (["config.json", "tokenizer.json", "model.safetensors"] as const).map((name) => readBaseFile(folder, name)),
  )) as [Buffer, Buffer, Buffer]; // one content a name
  const config = parseLlamaConfig(JSON.parse(configFile.toString()));
  const weights = parseCheckpoint(weightsFile, join(folder, "model.safetensors"));
  const parameterCount = Object.entries(llamaTensors(config)).reduce(
    (sum, [name, shape]) => sum + weightOf(weights, name, shape).length,
    0,
  );
  const tokenizer = parseTokenizer(tokenizerFile.toString());
  const fingerprint = hashJson([configFile, tokenizerFile, weightsFile].map(hashBytes));
  const base = { name: basename(folder), fingerprint, parameterCount };
  const settings = { config, ...(threads === undefined ? {} : { threads }) };
  return {
    base,
    contextTokens: config.max_position_embeddings,
    tokenizer,
    chatTemplate: plainChatTemplate(tokenizer),
    async openTrainable({ lora, adapter: files, ...options }: OpenTrainableOptions) {
      const adapter = files && parseAdapter(files);
      if (lora === null) {
        const start = adapter ? mergeAdapter(weights, adapter) : weights;
        return openFullTrainable({ ...settings, ...options, weights: start });
      }
      const model = await openLoraTrainable({ ...settings, ...options, weights, lora });
      if (adapter) fillFromAdapter(model, adapter);
      return model;
    },
    saveAdapter: (model, lora) => toAdapterFiles(model, lora, base.name),
    async openVoice(files) {
      if (!files) return createVoiceModel({ ...settings, id: base.name, weights, tokenizer });
      const merged = mergeAdapter(weights, parseAdapter(files));
      const id = `${base.name}+${shortHash(hashBytes(files.get(ADAPTER_WEIGHTS_FILE) ?? ""))}`;
      return createVoiceModel({ ...settings, id, weights: merged, tokenizer });
    },
  };
}

async function readBaseFile(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new BaseModelError(join(folder, name), messageOf(error), { cause: error });
  }
}
