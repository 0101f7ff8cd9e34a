/**
 * The `LanguageModels` port over a folder with a checkpoint as Hugging Face lays it out: `config.json`,
 * `tokenizer.json` with what belongs to it, and `model.safetensors` or its shards, of floats or of 8-bit rows.
 */

import { basename, join } from "node:path";
import type { LanguageModels, OpenTrainableOptions } from "../contracts/models.ts";
import { type ContentHash, hashBytes, hashJson, shortHash } from "../core/hash.ts";
import { openCheckpoint } from "./checkpoint-folder.ts";
import { hashFile } from "./hash-file.ts";
import { llamaTensors, parameterCountOf, parseLlamaConfig } from "./llama-config.ts";
import { openFullTrainable, openLoraTrainable } from "./llama-trainable.ts";
import {
  ADAPTER_WEIGHTS_FILE,
  checkAdapter,
  fillFromAdapter,
  type LoraAdapter,
  mergeAdapter,
  parseAdapter,
  toAdapterFiles,
} from "./lora-adapter.ts";
import { readBaseJson } from "./model-folder.ts";
import { readTokenizerFolder } from "./tokenizer-folder.ts";
import { createVoiceModel } from "./voice-model.ts";

/** Where the base is, and how many threads compute. */
export interface LanguageModelsOptions {
  /** Holds `config.json`, `tokenizer.json` and `model.safetensors` or its shards; its name is the base's name. */
  readonly folder: string;
  /** Of one operation. Default 2. */
  readonly threads?: number;
}

/**
 * Opens the base and checks that it is complete; weights are read and sessions opened by what is asked for.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the folder cannot be read
 * @throws {UnsupportedModelError} (`model-unsupported`) for an architecture that is not computed here
 * @throws {MissingWeightError} (`llama-weight-missing`) when the weights do not fit the configuration
 * @throws {TokenizerMismatchError} (`tokenizer-mismatch`) when the tokenizer has ids that the model has no row for
 */
export async function openLanguageModels({ folder, threads }: LanguageModelsOptions): Promise<LanguageModels> {
  const config = parseLlamaConfig(await readBaseJson(folder, "config.json"));
  const { tokenizer, chatTemplate, files } = await readTokenizerFolder(folder, config);
  const weights = await openCheckpoint(folder);
  const shapes = llamaTensors(config);
  weights.check(shapes);
  const base = {
    name: basename(folder),
    fingerprint: await fingerprintOf([join(folder, "config.json"), ...files, ...weights.files]),
    parameterCount: parameterCountOf(config),
  };
  const settings = { config, ...(threads === undefined ? {} : { threads }) };
  const checked = (files: ReadonlyMap<string, Uint8Array>): LoraAdapter => {
    const adapter = parseAdapter(files);
    checkAdapter(adapter, shapes);
    return adapter;
  };
  return {
    base,
    contextTokens: config.max_position_embeddings,
    tokenizer,
    chatTemplate,
    async openTrainable({ lora, adapter: files, ...options }: OpenTrainableOptions) {
      const adapter = files && checked(files);
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
      const merged = mergeAdapter(weights, checked(files));
      const id = `${base.name}+${shortHash(hashBytes(files.get(ADAPTER_WEIGHTS_FILE) ?? ""))}`;
      return createVoiceModel({ ...settings, id, weights: merged, tokenizer });
    },
  };
}

/** By the content of every file that decides what the model says. */
async function fingerprintOf(paths: readonly string[]): Promise<ContentHash> {
  return hashJson(await Promise.all(paths.map(hashFile)));
}
