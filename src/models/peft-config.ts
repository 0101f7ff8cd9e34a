/**
 * `adapter_config.json` as PEFT writes it: what of it decides the weights that an adapter adds, and what is refused
 * because it would be ignored in silence otherwise.
 *
 * @source huggingface/peft 0.21 `tuners/lora/config.py`, `LoraConfig`
 */

import { z } from "zod";
import type { LoraConfig } from "../contracts/models.ts";
import { parseWith } from "../core/schema.ts";
import { AdapterError } from "./errors.ts";

export const ADAPTER_CONFIG_FILE = "adapter_config.json";

/** What the matrices' effect depends on. The modules that are adapted are seen from the tensors. */
const schema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number(),
  lora_dropout: z.number().min(0).max(1).default(0),
  use_rslora: z.boolean().default(false),
});

/** Fields that change what is computed, with the values that change nothing; an empty list or object is one of those. */
const INERT: Readonly<Record<string, readonly unknown[]>> = {
  alora_invocation_tokens: [],
  alpha_pattern: [],
  bias: ["none"],
  fan_in_fan_out: [false],
  // Others start from matrices that are cut out of the base, which is another base then.
  init_lora_weights: [true, false, "gaussian", "eva", "orthogonal"],
  layer_replication: [],
  lora_bias: [false],
  modules_to_save: [],
  rank_pattern: [],
  target_parameters: [],
  trainable_token_indices: [],
  use_bdlora: [false],
  use_dora: [false],
  use_qalora: [false],
};

/** An adapter's rank, scale and dropout. */
export type PeftSettings = Omit<LoraConfig, "targetModules">;

/**
 * Reads the content of an `adapter_config.json`. A scale of alpha / sqrt(r) comes back as the alpha that gives it by r.
 *
 * @throws {AdapterError} (`adapter-invalid`) naming the first field that asks for what is not computed here
 * @throws {InvalidInputError} (`invalid-input`) for another tuner than LoRA, or a field of the wrong type
 */
export function parsePeftConfig(json: unknown): PeftSettings {
  const config = parseWith(schema, json, ADAPTER_CONFIG_FILE);
  for (const [field, inert] of Object.entries(INERT)) {
    const value = config[field];
    if (value === undefined || value === null || inert.includes(value)) continue;
    if (typeof value === "object" && Object.keys(value).length === 0) continue;
    throw new AdapterError(`its ${field} is ${JSON.stringify(value)}, which is not computed here`);
  }
  const { r, lora_alpha: alpha, lora_dropout: dropout, use_rslora: byRoot } = config;
  return { r, alpha: byRoot ? alpha * Math.sqrt(r) : alpha, ...(dropout > 0 && { dropout }) };
}

/** The content of the file; `baseName` is recorded for whoever loads it. */
export function toPeftConfig(lora: LoraConfig, baseName: string): Record<string, unknown> {
  return {
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
}
