/**
 * The model that is exported: a base's folder with an adapter merged into it, one weight at a time, so that a model of
 * any size needs the memory of its largest weight.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseWith } from "../../core/schema.ts";
import { type Checkpoint, openCheckpoint } from "../checkpoint-folder.ts";
import { type LlamaConfig, llamaTensors, parseLlamaConfig } from "../llama-config.ts";
import { weightOf } from "../llama-weights.ts";
import { readBaseJson } from "../model-folder.ts";
import { trainedWeights } from "../trained-weights.ts";

/** A model to export. */
export interface ExportSource {
  readonly name: string;
  readonly config: LlamaConfig;
  /** `config.json` as the base has it. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of every weight, in the order of the model. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** A weight with the adapter merged into it; read when it is asked for. */
  weight(name: string): Float32Array;
  /** A file that lies beside the weights, such as `tokenizer.json`; null where there is none. */
  companion(fileName: string): Promise<Buffer | null>;
}

/** What to export. */
export interface ExportSourceOptions {
  /** Of the base: `config.json`, `tokenizer.json` and weights in one file or in shards. */
  readonly folder: string;
  /** What was trained: an adapter's files, merged into the base's weights, or a whole model's, which take their place. */
  readonly trained?: ReadonlyMap<string, Uint8Array>;
  /** What the model is called in what is written. */
  readonly name: string;
}

/**
 * Opens a base's folder and checks that every weight is there and every matrix of the adapter has its weight.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) when a file of the folder cannot be read
 * @throws {MissingWeightError} (`llama-weight-missing`) when the weights do not fit the configuration
 * @throws {AdapterError} (`adapter-invalid`) when the adapter was made for a model with other weights
 */
export async function openExportSource({ folder, trained, name }: ExportSourceOptions): Promise<ExportSource> {
  const fields = parseWith(z.looseObject({}), await readBaseJson(folder, "config.json"), "config.json");
  const config = parseLlamaConfig(fields);
  const shapes = llamaTensors(config);
  const open = async (): Promise<Checkpoint> => {
    const checkpoint = await openCheckpoint(folder);
    checkpoint.check(shapes);
    return checkpoint;
  };
  const weights = await (trained ? trainedWeights(trained, shapes, open) : open());
  return {
    name,
    config,
    fields,
    shapes,
    weight: (weight) => weightOf(weights, weight, shapes[weight] ?? []),
    companion: (fileName) => readFile(join(folder, fileName)).catch(nullIfAbsent),
  };
}

function nullIfAbsent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
