/**
 * LoRA adapters as PEFT keeps them: a folder with `adapter_config.json` and `adapter_model.safetensors`, to and from
 * the flat parameters of training, and merged into the weights that they adapt.
 *
 * @source huggingface/peft `LoraConfig` and `get_peft_model_state_dict`
 */

import { z } from "zod";
import type { LoraConfig, TrainableModel } from "../contracts/models.ts";
import { parseWith } from "../core/schema.ts";
import { AdapterError } from "./errors.ts";
import type { Weights } from "./llama-weights.ts";
import { fromFloats, parseSafetensors, type StoredTensor, toFloats, toSafetensors } from "./safetensors.ts";

export const ADAPTER_CONFIG_FILE = "adapter_config.json";
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

/** What merging depends on. Settings that change the result and are not computed here are refused. */
const AdapterConfig = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number(),
  target_modules: z.array(z.string()),
  bias: z.literal("none").default("none"),
  use_rslora: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  fan_in_fan_out: z.literal(false).default(false),
  rank_pattern: z.strictObject({}).nullish(),
  alpha_pattern: z.strictObject({}).nullish(),
  modules_to_save: z.tuple([]).nullish(),
});

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
  const config = {
    base_model_name_or_path: baseName,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout ?? 0,
    modules_to_save: null,
    peft_type: "LORA",
    r: lora.r,
    target_modules: [...lora.targetModules],
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: false,
  };
  return new Map([
    [ADAPTER_CONFIG_FILE, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    [ADAPTER_WEIGHTS_FILE, toSafetensors(tensors, { format: "pt" })],
  ]);
}

/**
 * Reads the files of an adapter folder.
 *
 * @throws {AdapterError} (`adapter-invalid`) when a file is missing or a tensor is no LoRA matrix
 * @throws {InvalidInputError} (`invalid-input`) when the configuration asks for what merging does not compute
 */
export function parseAdapter(files: ReadonlyMap<string, Uint8Array>): LoraAdapter {
  const fileOf = (name: string): Uint8Array => {
    const file = files.get(name);
    if (!file) throw new AdapterError(`the file ${name} is missing (there are: ${[...files.keys()].join(", ")})`);
    return file;
  };
  const json: unknown = JSON.parse(new TextDecoder().decode(fileOf(ADAPTER_CONFIG_FILE)));
  const config = parseWith(AdapterConfig, json, ADAPTER_CONFIG_FILE);
  const stored = parseSafetensors(fileOf(ADAPTER_WEIGHTS_FILE), ADAPTER_WEIGHTS_FILE).tensors;
  const tensors = [...stored].map(([name, tensor]) => {
    if (!name.startsWith(PREFIX) || !SUFFIX.test(name)) throw new AdapterError(`the tensor ${name} is no LoRA matrix`);
    return [name.slice(PREFIX.length), { shape: tensor.shape, values: toFloats(tensor) }] as const;
  });
  const lora = { r: config.r, alpha: config.lora_alpha, targetModules: config.target_modules };
  return { lora, tensors: new Map(tensors) };
}

/** Fills the flat parameters of a trainable model from an adapter, to train on from there. */
export function fillFromAdapter(model: Pick<TrainableModel, "parameters" | "layout">, adapter: LoraAdapter): void {
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

/**
 * The weights with the adapter added, W + (alpha / r) B A; weights that it does not touch are the same arrays.
 *
 * @throws {AdapterError} (`adapter-invalid`) when the adapter was made for a model of another shape
 */
export function mergeAdapter(weights: Weights, { lora, tensors }: LoraAdapter): Weights {
  const merged = new Map(weights);
  for (const [name, a] of tensors) {
    if (!name.endsWith(".lora_A.weight")) continue;
    const module = name.replace(SUFFIX, "");
    const b = tensors.get(`${module}.lora_B.weight`);
    const weight = weights.get(`${module}.weight`);
    const [rank = 0, columns = 0] = a.shape;
    const [rows = 0, rankOfB] = b?.shape ?? [];
    if (!b || !weight || rank !== lora.r || rankOfB !== rank || weight.length !== rows * columns) {
      const found = `A [${a.shape.join(", ")}], B [${b?.shape.join(", ") ?? "absent"}], r ${lora.r}`;
      throw new AdapterError(`${module} has ${found}, which do not fit its weight of ${weight?.length ?? 0} numbers`);
    }
    merged.set(`${module}.weight`, addProduct(weight, b.values, a.values, { rank, scale: lora.alpha / lora.r }));
  }
  return merged;
}

/** W [rows, columns] + scale B [rows, rank] A [rank, columns]. */
function addProduct(
  w: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { rank, scale }: { rank: number; scale: number },
): Float32Array {
  const columns = a.length / rank;
  const sum = Float64Array.from(w);
  for (let i = 0; i < b.length; i++) {
    const [row, k] = [Math.floor(i / rank), i % rank];
    const factor = scale * (b[i] as number); // i is within b
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      sum[at] = (sum[at] as number) + factor * (a[k * columns + column] as number); // within one row of each
    }
  }
  return new Float32Array(sum);
}
