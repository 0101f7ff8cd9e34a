/**
 * LoRA adapters as PEFT keeps them: a folder with `adapter_config.json` and `adapter_model.safetensors`, to and from
 * the flat parameters of training, and merged into the weights that they adapt.
 *
 * @source huggingface/peft `LoraConfig` and `get_peft_model_state_dict`
 */

import type { LoraConfig, TrainableModel } from "../contracts/models.ts";
import { messageOf } from "../core/errors.ts";
import { AdapterError } from "./errors.ts";
import { assertFinite, type Weights } from "./llama-weights.ts";
import { ADAPTER_CONFIG_FILE, parsePeftConfig, toPeftConfig } from "./peft-config.ts";
import { fromFloats, parseSafetensors, type StoredTensor, toFloats, toSafetensors } from "./safetensors.ts";

export { ADAPTER_CONFIG_FILE };
export const ADAPTER_WEIGHTS_FILE = "adapter_model.safetensors";

const PREFIX = "base_model.model.";
const SUFFIX = /\.lora_([AB])\.weight$/;

/** One module's matrices: its weight gets (alpha / r) B A added. */
export interface LoraMatrix {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** An adapter as it is read from its folder. */
export interface LoraAdapter {
  readonly lora: LoraConfig;
  /** By name without PEFT's prefix, for example `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly tensors: ReadonlyMap<string, LoraMatrix>;
}

/** The files of the adapter folder for trained parameters; `baseName` is recorded for whoever loads it. */
export function toAdapterFiles(
  model: Pick<TrainableModel, "parameters" | "layout">,
  lora: LoraConfig,
  baseName: string,
): ReadonlyMap<string, Uint8Array> {
  const tensors = new Map<string, StoredTensor>();
  for (const { name, shape, offset } of model.layout) {
    const size = shape.reduce((product, length) => product * length, 1);
    tensors.set(PREFIX + name, fromFloats(model.parameters.slice(offset, offset + size), shape));
  }
  const config = `${JSON.stringify(toPeftConfig(lora, baseName), null, 2)}\n`;
  return new Map([
    [ADAPTER_CONFIG_FILE, new TextEncoder().encode(config)],
    [ADAPTER_WEIGHTS_FILE, toSafetensors(tensors, { format: "pt" })],
  ]);
}

/**
 * Reads the files of an adapter folder, ours or one that PEFT made. The modules that it adapts are those it has
 * matrices for, however `target_modules` names them.
 *
 * @throws {AdapterError} (`adapter-invalid`) when a file is missing or broken, a tensor is no LoRA matrix, or the
 *   configuration asks for what merging does not compute
 * @throws {InvalidInputError} (`invalid-input`) when the configuration is none of LoRA
 * @throws {WeightNotFiniteError} (`weight-not-finite`) where a number is none
 */
export function parseAdapter(files: ReadonlyMap<string, Uint8Array>): LoraAdapter {
  const fileOf = (name: string): Uint8Array => {
    const file = files.get(name);
    if (!file) throw new AdapterError(`the file ${name} is missing (there are: ${[...files.keys()].join(", ")})`);
    return file;
  };
  const settings = parsePeftConfig(readJson(fileOf(ADAPTER_CONFIG_FILE)));
  const stored = parseSafetensors(fileOf(ADAPTER_WEIGHTS_FILE), ADAPTER_WEIGHTS_FILE).tensors;
  const tensors = [...stored].map(([name, tensor]) => {
    if (!name.startsWith(PREFIX) || !SUFFIX.test(name)) throw new AdapterError(`the tensor ${name} is no LoRA matrix`);
    const values = toFloats(tensor);
    assertFinite(values, name, ADAPTER_WEIGHTS_FILE);
    return [name.slice(PREFIX.length), { shape: tensor.shape, values }] as const;
  });
  const modules = tensors.map(([name]) => name.replace(SUFFIX, "").replace(/^.*\./, ""));
  return { lora: { ...settings, targetModules: [...new Set(modules)].sort() }, tensors: new Map(tensors) };
}

function readJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch (error) {
    throw new AdapterError(`${ADAPTER_CONFIG_FILE} is no JSON (${messageOf(error)})`);
  }
}

/**
 * Fills the flat parameters of a trainable model from an adapter, to train on from there.
 *
 * @throws {AdapterError} (`adapter-invalid`) when the two do not adapt the same modules by the same rank
 */
export function fillFromAdapter(model: Pick<TrainableModel, "parameters" | "layout">, adapter: LoraAdapter): void {
  const known = new Set(model.layout.map(({ name }) => name));
  const extra = [...adapter.tensors.keys()].find((name) => !known.has(name));
  if (extra) throw new AdapterError(`it has ${extra}, which the model does not train`);
  for (const { name, shape, offset } of model.layout) {
    const tensor = adapter.tensors.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new AdapterError(
        `${name} is [${tensor?.shape.join(", ") ?? "absent"}], and the model's is [${shape.join(", ")}]`,
      );
    }
    model.parameters.set(tensor.values, offset);
  }
}

/** The names of the weights that an adapter changes, for example `model.layers.0.self_attn.q_proj.weight`. */
export function adaptedWeights({ tensors }: LoraAdapter): readonly string[] {
  return [...new Set([...tensors.keys()].map((name) => `${name.replace(SUFFIX, "")}.weight`))];
}

/**
 * Compares an adapter with the shapes of a model's weights.
 *
 * @throws {AdapterError} (`adapter-invalid`) when the adapter was made for a model of another shape
 */
export function checkAdapter(adapter: LoraAdapter, shapes: Readonly<Record<string, readonly number[]>>): void {
  for (const name of adaptedWeights(adapter)) {
    fitting(
      name,
      shapes[name]?.reduce((size, length) => size * length, 1),
      adapter,
    );
  }
}

/**
 * The weights with the adapter added, W + (alpha / r) B A, each when it is asked for; weights that it does not touch
 * are the same arrays. `get` throws an `AdapterError` where the matrices do not fit a weight; `checkAdapter` knows before.
 */
export function mergeAdapter(weights: Weights, adapter: LoraAdapter): Weights {
  const adapted = new Set(adaptedWeights(adapter));
  const held = new Map<string, WeakRef<Float32Array>>();
  const readOf = (name: string) => (weights.read ? weights.read(name) : weights.get(name));
  const merge = (name: string, allocate: (sizeBytes: number) => ArrayBufferLike): Float32Array => {
    const weight = readOf(name) ?? new Float32Array();
    return mergeWeight(name, weight, { adapter, sum: new Float32Array(allocate(weight.byteLength)) });
  };
  return {
    get(name) {
      if (!adapted.has(name)) return weights.get(name);
      const merged = held.get(name)?.deref() ?? merge(name, (sizeBytes) => new SharedArrayBuffer(sizeBytes));
      held.set(name, new WeakRef(merged));
      return merged;
    },
    read(name) {
      if (!adapted.has(name)) return readOf(name);
      return held.get(name)?.deref() ?? merge(name, (sizeBytes) => new ArrayBuffer(sizeBytes));
    },
  };
}

/** One weight with the adapter added, in `sum`. @throws {AdapterError} (`adapter-invalid`) when the matrices do not fit it */
function mergeWeight(
  name: string,
  weight: Float32Array,
  { adapter, sum }: { adapter: LoraAdapter; sum: Float32Array },
) {
  const [a, b] = fitting(name, weight.length, adapter);
  const { r: rank, alpha } = adapter.lora;
  return addProduct(weight, b, a, { rank, scale: alpha / rank, sum });
}

function matricesOf(name: string, { tensors }: LoraAdapter) {
  const module = name.replace(/\.weight$/, "");
  return { module, a: tensors.get(`${module}.lora_A.weight`), b: tensors.get(`${module}.lora_B.weight`) };
}

/** The numbers of A and B for a weight of that many. @throws {AdapterError} (`adapter-invalid`) when they do not fit it */
function fitting(name: string, size: number | undefined, adapter: LoraAdapter): readonly [Float32Array, Float32Array] {
  const { module, a, b } = matricesOf(name, adapter);
  const [rank = 0, columns = 0] = a?.shape ?? [];
  const [rows = 0, rankOfB] = b?.shape ?? [];
  if (!a || !b || rank !== adapter.lora.r || rankOfB !== rank || size !== rows * columns) {
    const found = `A [${a?.shape.join(", ") ?? "absent"}], B [${b?.shape.join(", ") ?? "absent"}], r ${adapter.lora.r}`;
    throw new AdapterError(`${module} has ${found}, which do not fit its weight of ${size ?? 0} numbers`);
  }
  return [a.values, b.values];
}

/** W [rows, columns] + scale B [rows, rank] A [rank, columns] in `sum`, added up in 64 bits. */
function addProduct(
  w: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { rank, scale, sum }: { rank: number; scale: number; sum: Float32Array },
): Float32Array {
  const columns = a.length / rank;
  for (let start = 0; start < w.length; start += columns) {
    const row = Float64Array.from(w.subarray(start, start + columns));
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b[(start / columns) * rank + k] as number); // row start / columns of B
      for (let column = 0; column < columns; column++) {
        row[column] = (row[column] as number) + factor * (a[k * columns + column] as number); // within one row of each
      }
    }
    sum.set(row, start);
  }
  return sum;
}
