/**
 * The shape of a Llama-architecture model, as Hugging Face's `config.json` writes it, and the tensors that it has.
 */

import { z } from "zod";
import { parseWith } from "../core/schema.ts";

const schema = z.object({
  model_type: z.literal("llama").default("llama"),
  architectures: z.array(z.string()).default(["LlamaForCausalLM"]),
  vocab_size: z.int().positive(),
  hidden_size: z.int().positive(),
  intermediate_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  num_key_value_heads: z.int().positive(),
  head_dim: z.int().positive().optional(),
  max_position_embeddings: z.int().positive(),
  rope_theta: z.number().positive().default(10000),
  rms_norm_eps: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal("silu").default("silu"),
  bos_token_id: z.int().nonnegative().default(1),
  eos_token_id: z.int().nonnegative().default(2),
});

/** A model's shape. Field names and meanings are those of Hugging Face's `LlamaConfig`. */
export type LlamaConfig = z.output<typeof schema>;

/** The bundled base: 8.3 million parameters. */
export const BASE_CONFIG: LlamaConfig = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 4096,
  hidden_size: 288,
  intermediate_size: 768,
  num_hidden_layers: 8,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 32,
  max_position_embeddings: 256,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  hidden_act: "silu",
  bos_token_id: 1,
  eos_token_id: 2,
};

/** Reads the content of a `config.json`; fields that Llama does not need are left out. */
export function parseLlamaConfig(value: unknown): LlamaConfig {
  return parseWith(schema, value, "config.json of the Llama model");
}

/** Features of one attention head. */
export function headSize(config: LlamaConfig): number {
  return config.head_dim ?? config.hidden_size / config.num_attention_heads;
}

/** The seven projections of a layer, as LoRA's `target_modules` names them. */
export const PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

/** The name of a projection. */
export type Projection = (typeof PROJECTIONS)[number];

/** The module that a projection is, for example `model.layers.0.self_attn.q_proj`. */
export function projectionModule(layer: number, projection: Projection): string {
  const block =
    projection.endsWith("gate_proj") || projection === "up_proj" || projection === "down_proj" ? "mlp" : "self_attn";
  return `model.layers.${layer}.${block}.${projection}`;
}

/** [out, in] of a projection's weight. */
export function projectionShape(config: LlamaConfig, projection: Projection): readonly [number, number] {
  const { hidden_size: hidden, intermediate_size: inner } = config;
  const queries = config.num_attention_heads * headSize(config);
  const keys = config.num_key_value_heads * headSize(config);
  const shapes = {
    q_proj: [queries, hidden],
    k_proj: [keys, hidden],
    v_proj: [keys, hidden],
    o_proj: [hidden, queries],
    gate_proj: [inner, hidden],
    up_proj: [inner, hidden],
    down_proj: [hidden, inner],
  } as const;
  return shapes[projection];
}

/** Every weight's name and shape, in the order in which Hugging Face's implementation declares them. */
export function llamaTensors(config: LlamaConfig): Readonly<Record<string, readonly number[]>> {
  const { hidden_size: hidden, vocab_size: vocabulary } = config;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => [
    ...PROJECTIONS.map((p) => [`${projectionModule(layer, p)}.weight`, projectionShape(config, p)] as const),
    [`model.layers.${layer}.input_layernorm.weight`, [hidden]] as const,
    [`model.layers.${layer}.post_attention_layernorm.weight`, [hidden]] as const,
  ]);
  return Object.fromEntries([
    ["model.embed_tokens.weight", [vocabulary, hidden]],
    ...layers.flat(),
    ["model.norm.weight", [hidden]],
    ...(config.tie_word_embeddings ? [] : [["lm_head.weight", [vocabulary, hidden]]]),
  ]);
}
