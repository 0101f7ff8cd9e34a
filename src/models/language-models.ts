/**
 * The `LanguageModels` port over a folder with a checkpoint as Hugging Face lays it out: `config.json`,
 * `tokenizer.json` with what belongs to it, and `model.safetensors` or its shards, of floats or of 8-bit rows.
 */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type LanguageModels,
  MIN_INSTRUCTION_PARAMETERS,
  type OpenTrainableOptions,
  type TrainableModel,
} from "../contracts/models.ts";
import { type ContentHash, hashBytes, hashJson, shortHash } from "../core/hash.ts";
import { readBaseLicence } from "./base-licence.ts";
import { openCheckpoint } from "./checkpoint-folder.ts";
import { toFloatCheckpoint } from "./checkpoint-int8.ts";
import { hashFile } from "./hash-file.ts";
import { llamaTensors, parameterCountOf, parseLlamaConfig } from "./llama-config.ts";
import { openFullTrainable, openLoraTrainable } from "./llama-trainable.ts";
import type { Weights } from "./llama-weights.ts";
import { ADAPTER_WEIGHTS_FILE, fillFromAdapter, toAdapterFiles } from "./lora-adapter.ts";
import { readBaseJson } from "./model-folder.ts";
import type { WeightPrecision } from "./stored-parts.ts";
import { readTokenizerFolder } from "./tokenizer-folder.ts";
import { CHECKPOINT_FILE, fittingAdapter, trainedWeights } from "./trained-weights.ts";
import { createVoiceModel } from "./voice-model.ts";

const CONFIG_FILE = "config.json";

/** Where the base is, and how many threads compute. */
export interface LanguageModelsOptions {
  /** Holds `config.json`, `tokenizer.json` and `model.safetensors` or its shards; its name is the base's name. */
  readonly folder: string;
  /** Of one operation. Default 2. */
  readonly threads?: number;
  /** How voices hold their weights. Default float32. */
  readonly precision?: WeightPrecision;
}

/**
 * Opens the base and checks that it is complete; weights are read and sessions opened by what is asked for.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the folder cannot be read
 * @throws {UnsupportedModelError} (`model-unsupported`) for an architecture that is not computed here
 * @throws {MissingWeightError} (`llama-weight-missing`) when the weights do not fit the configuration
 * @throws {TokenizerMismatchError} (`tokenizer-mismatch`) when the tokenizer has ids that the model has no row for
 */
export async function openLanguageModels({
  folder,
  threads,
  precision,
}: LanguageModelsOptions): Promise<LanguageModels> {
  const config = parseLlamaConfig(await readBaseJson(folder, CONFIG_FILE));
  const { tokenizer, chatTemplate, files } = await readTokenizerFolder(folder, config);
  const weights = await openCheckpoint(folder);
  const shapes = llamaTensors(config);
  weights.check(shapes);
  const licence = await readBaseLicence(folder);
  const parameterCount = parameterCountOf(config);
  const base = {
    ...(licence !== undefined && { licence }),
    ...{ name: basename(folder), folder, parameterCount },
    fingerprint: await fingerprintOf([join(folder, CONFIG_FILE), ...files, ...weights.files]),
  };
  const settings = { config, ...(threads === undefined ? {} : { threads }) };
  const learnt = parameterCount >= MIN_INSTRUCTION_PARAMETERS && { chatTemplate };
  const voiceSettings = { ...settings, tokenizer, ...learnt, ...(precision === undefined ? {} : { precision }) };
  const startOf = (trained: ReadonlyMap<string, Uint8Array> | undefined): Weights | Promise<Weights> =>
    trained ? trainedWeights(trained, shapes, () => weights) : weights;
  return {
    base,
    contextTokens: config.max_position_embeddings,
    tokenizer,
    chatTemplate,
    async openTrainable({ lora, adapter: trained, ...options }: OpenTrainableOptions) {
      if (lora === null) return openFullTrainable({ ...settings, ...options, weights: await startOf(trained) });
      const adapter = trained?.has(ADAPTER_WEIGHTS_FILE) ? fittingAdapter(trained, shapes) : undefined;
      const start = adapter ? weights : await startOf(trained);
      const model = await openLoraTrainable({ ...settings, ...options, weights: start, lora });
      if (adapter) fillFromAdapter(model, adapter);
      return model;
    },
    loraOf: (files) => (files.has(CHECKPOINT_FILE) ? null : fittingAdapter(files, shapes).lora),
    saveAdapter: (model, lora) => toAdapterFiles(model, lora, base.name),
    saveModel: (model) =>
      new Map([
        ...[join(folder, CONFIG_FILE), ...files].map((path) => [basename(path), readFileSync(path)] as const),
        [CHECKPOINT_FILE, toFloatCheckpoint(config, weightsOf(model))],
      ]),
    async openVoice(trained) {
      if (!trained) return createVoiceModel({ ...voiceSettings, id: base.name, weights });
      const content = trained.get(ADAPTER_WEIGHTS_FILE) ?? trained.get(CHECKPOINT_FILE) ?? "";
      const id = `${base.name}+${shortHash(hashBytes(content))}`;
      return createVoiceModel({ ...voiceSettings, id, weights: await startOf(trained) });
    },
  };
}

/** The tensors of a model all of whose parameters are trained, by name. */
function weightsOf({ parameters, layout }: Pick<TrainableModel, "parameters" | "layout">): Weights {
  const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
  return new Map(layout.map(({ name, shape, offset }) => [name, parameters.slice(offset, offset + sizeOf(shape))]));
}

/** By the content of every file that decides what the model says. */
async function fingerprintOf(paths: readonly string[]): Promise<ContentHash> {
  return hashJson(await Promise.all(paths.map(hashFile)));
}
