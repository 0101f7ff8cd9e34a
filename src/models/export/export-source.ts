/**
 * The model that is exported: a base's folder with an adapter merged into it, one weight at a time, so that a model of
 * any size needs the memory of its largest weight.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { AdapterError, BaseModelError, SafetensorsError } from "../errors.ts";
import { fromInt8Rows } from "../int8-rows.ts";
import { type LlamaConfig, llamaTensors, parseLlamaConfig } from "../llama-config.ts";
import { MissingWeightError } from "../llama-errors.ts";
import { adaptedWeights, type LoraAdapter, mergeWeight } from "../lora-adapter.ts";
import { toFloats } from "../safetensors.ts";
import { type OpenSafetensors, openSafetensors } from "../safetensors-file.ts";

const WEIGHTS_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** A model to export. */
export interface ExportSource {
  readonly name: string;
  readonly config: LlamaConfig;
  /** `config.json` as the base has it. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of every weight, in the order of the model. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** A weight with the adapter merged into it. */
  weight(name: string): Promise<Float32Array>;
  /** A file that lies beside the weights, such as `tokenizer.json`; null where there is none. */
  companion(fileName: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** What to export. */
export interface ExportSourceOptions {
  /** Of the base: `config.json`, `tokenizer.json` and weights in one file or in shards. */
  readonly folder: string;
  readonly adapter?: LoraAdapter;
  /** What the model is called in what is written. */
  readonly name: string;
}

const Index = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a base's folder and checks that every weight is there and every matrix of the adapter has its weight.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the folder cannot be read
 * @throws {MissingWeightError} (`llama-weight-missing`) when the weights do not fit the configuration
 * @throws {AdapterError} (`adapter-invalid`) when the adapter was made for a model with other weights
 */
export async function openExportSource({ folder, adapter, name }: ExportSourceOptions): Promise<ExportSource> {
  const fields = z.record(z.string(), z.unknown()).parse(await readJson(join(folder, "config.json")));
  const config = parseLlamaConfig(fields);
  const shapes = llamaTensors(config);
  const orphan = adapter && adaptedWeights(adapter).find((weight) => !shapes[weight]);
  if (orphan) throw new AdapterError(`it adapts ${orphan}, which the base in ${folder} does not have`);
  const shards = await openShards(folder);
  const close = async (): Promise<void> => {
    await Promise.all([...new Set(shards.values())].map((shard) => shard.close()));
  };
  try {
    for (const [weight, shape] of Object.entries(shapes)) {
      const found = shards.get(weight)?.places.get(weight)?.shape;
      if (found?.join() !== shape.join()) {
        throw new MissingWeightError(
          weight,
          shape,
          found?.reduce((product, length) => product * length, 1),
        );
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name,
    config,
    fields,
    shapes,
    async weight(weight) {
      const plain = await readWeight(shards, weight);
      return adapter ? mergeWeight(weight, plain, adapter) : plain;
    },
    companion: (fileName) => readFile(join(folder, fileName)).catch(nullIfAbsent),
    close,
  };
}

/** The file that holds each weight. */
async function openShards(folder: string): Promise<ReadonlyMap<string, OpenSafetensors>> {
  const index = await readFile(join(folder, INDEX_FILE), "utf8").catch(nullIfAbsent);
  const map = index === null ? null : Index.parse(await readJson(join(folder, INDEX_FILE))).weight_map;
  const opened = new Map<string, OpenSafetensors>();
  try {
    for (const file of new Set(map ? Object.values(map) : [WEIGHTS_FILE])) {
      opened.set(file, await openShard(join(folder, file)));
    }
  } catch (error) {
    await Promise.all([...opened.values()].map((shard) => shard.close()));
    throw error;
  }
  return new Map(
    [...opened.values()].flatMap((shard) => [...shard.places.keys()].map((name) => [name, shard] as const)),
  );
}

async function openShard(path: string): Promise<OpenSafetensors> {
  try {
    return await openSafetensors(path);
  } catch (error) {
    if (error instanceof SafetensorsError) throw error;
    throw new BaseModelError(path, messageOf(error), { cause: error });
  }
}

/** Floats of any width, or 8-bit rows with their scales beside them. */
async function readWeight(shards: ReadonlyMap<string, OpenSafetensors>, name: string): Promise<Float32Array> {
  const read = async (tensor: string) => {
    const shard = shards.get(tensor);
    if (!shard) throw new MissingWeightError(tensor, [], undefined);
    return shard.read(tensor);
  };
  const stored = await read(name);
  if (stored.dtype !== "I8") return toFloats(stored);
  const scales = toFloats(await read(`${name}_scale`));
  return fromInt8Rows({ values: new Int8Array(new Uint8Array(stored.bytes).buffer), scales });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new BaseModelError(path, messageOf(error), { cause: error });
  }
}

function nullIfAbsent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
