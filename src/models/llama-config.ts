/**
 * The shape of a dense decoder as Hugging Face's `config.json` writes it, and the tensors that it has. Llama, SmolLM2,
 * Mistral, Qwen2 and Qwen3 are one architecture with features that a model has or has not: biases, normalised queries
 * and keys, attention windows, scaled rotation.
 */

import { z } from "zod";
import { parseWith } from "../core/schema.ts";
import {
  FAMILIES,
  type Family,
  type Fields,
  familyOf,
  refuseSizes,
  refuseUnsupported,
  ropeFields,
} from "./supported-models.ts";

/** How rotary frequencies were stretched for a longer context. @source transformers `modeling_rope_utils.py` */
const RopeScaling = z.discriminatedUnion("rope_type", [
  z.object({ rope_type: z.literal("linear"), factor: z.number().positive() }),
  z.object({
    rope_type: z.literal("llama3"),
    factor: z.number().positive(),
    low_freq_factor: z.number().positive(),
    high_freq_factor: z.number().positive(),
    original_max_position_embeddings: z.int().positive(),
  }),
]);

const TokenId = z.int().nonnegative();
const LayerType = z.enum(["full_attention", "sliding_attention"]);

const schema = z.object({
  model_type: z.enum(FAMILIES),
  architectures: z.array(z.string()),
  vocab_size: z.int().positive(),
  hidden_size: z.int().positive(),
  intermediate_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  num_key_value_heads: z.int().positive(),
  head_dim: z.int().positive().optional(),
  max_position_embeddings: z.int().positive(),
  rope_theta: z.number().positive().default(10000),
  rope_scaling: RopeScaling.optional(),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal("silu").default("silu"),
  attention_bias: z.boolean().optional(),
  mlp_bias: z.boolean().optional(),
  sliding_window: z.int().positive().nullish(),
  layer_types: z.array(LayerType).optional(),
  bos_token_id: TokenId.nullable().default(1),
  eos_token_id: z
    .union([TokenId, z.array(TokenId)])
    .nullable()
    .default(2),
});

/** A model's shape. Field names and meanings are those of Hugging Face; a feature that is absent is off. */
export type LlamaConfig = z.output<typeof schema>;

/** The bundled base: 8.3 million parameters. */
export const BASE_CONFIG = {
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
} satisfies LlamaConfig;

/**
 * Reads the content of a `config.json`, as any release of transformers wrote it.
 *
 * @throws {UnsupportedModelError} (`model-unsupported`) for another architecture, or a field that changes what is computed
 * @throws {InvalidInputError} (`invalid-input`) for a field that is missing or of the wrong type
 */
export function parseLlamaConfig(value: unknown): LlamaConfig {
  const what = "config.json of the language model";
  const raw = parseWith(z.looseObject({}), value, what);
  const family = familyOf(raw);
  refuseUnsupported(raw);
  const config = parseWith(
    schema,
    { ...raw, ...family, ...ropeOf(raw), ...windowsOf(raw, family.model_type), ...headsOf(raw, family.model_type) },
    what,
  );
  refuseSizes(config);
  return config;
}

/** Rotation as transformers 5 writes it, or as releases before did: `rope_theta` beside a `rope_scaling`. */
function ropeOf(raw: Fields): Fields {
  const { rope_theta = raw["rope_theta"], ...scaling } = ropeFields(raw);
  return { rope_theta, rope_scaling: scaling["rope_type"] === "default" ? undefined : scaling };
}

/** A window that is switched off is none; before layers had types, Qwen's first layers were full. */
function windowsOf(raw: Fields, family: Family): Fields {
  const { sliding_window, use_sliding_window, layer_types, max_window_layers: full } = raw;
  const off = family === "llama" || (family !== "mistral" && use_sliding_window !== true);
  if (off || typeof sliding_window !== "number") return { sliding_window: undefined, layer_types: undefined };
  if (family === "mistral" || layer_types !== undefined || typeof full !== "number") return {};
  const kindOf = (layer: number): string => (layer < full ? "full_attention" : "sliding_attention");
  return { layer_types: Array.from({ length: Number(raw["num_hidden_layers"]) || 0 }, (_, layer) => kindOf(layer)) };
}

/** What transformers takes for heads where a field is absent. */
function headsOf(raw: Fields, family: Family): Fields {
  return {
    num_key_value_heads: raw["num_key_value_heads"] ?? (family === "mistral" ? 8 : raw["num_attention_heads"]),
    head_dim: raw["head_dim"] ?? (family === "qwen3" ? 128 : undefined),
  };
}

/** Features of one attention head. */
export function headSize(config: LlamaConfig): number {
  return config.head_dim ?? config.hidden_size / config.num_attention_heads;
}

/** How many of the latest tokens, its own included, a token of this layer sees; null: all of its sequence. */
export function slidingWindow(config: LlamaConfig, layer: number): number | null {
  const slides = config.layer_types ? config.layer_types[layer] === "sliding_attention" : true;
  return slides ? (config.sliding_window ?? null) : null;
}

/** Whether queries and keys are normalised head by head before rotation, with a gain for each. */
export function hasQueryKeyNorm(config: LlamaConfig): boolean {
  return config.model_type === "qwen3";
}

/** The ids that end generation; the first ends a document. */
export function eosIdsOf({ eos_token_id: ids }: LlamaConfig): readonly number[] {
  return typeof ids === "number" ? [ids] : (ids ?? []);
}

/** The seven projections of a layer, as LoRA's `target_modules` names them. */
export const PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

/** The name of a projection. */
export type Projection = (typeof PROJECTIONS)[number];

/** Whether a projection adds a bias: in Qwen2 queries, keys and values do. */
export function hasBias(config: LlamaConfig, projection: Projection): boolean {
  const ofAttention = projection.length === "q_proj".length;
  if (config.model_type === "qwen2") return ofAttention && projection !== "o_proj";
  return (ofAttention ? config.attention_bias : config.mlp_bias) ?? false;
}

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
    ...PROJECTIONS.flatMap((projection) => projectionTensors(config, layer, projection)),
    ...(hasQueryKeyNorm(config) ? normTensors(layer, ["self_attn.q_norm", "self_attn.k_norm"], headSize(config)) : []),
    ...normTensors(layer, ["input_layernorm", "post_attention_layernorm"], hidden),
  ]);
  return Object.fromEntries([
    ["model.embed_tokens.weight", [vocabulary, hidden]],
    ...layers.flat(),
    ["model.norm.weight", [hidden]],
    ...(config.tie_word_embeddings ? [] : [["lm_head.weight", [vocabulary, hidden]]]),
  ]);
}

/** How many numbers a model has. */
export function parameterCountOf(config: LlamaConfig): number {
  const sizes = Object.values(llamaTensors(config)).map((shape) => shape.reduce((size, length) => size * length, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

type NamedShape = readonly [string, readonly number[]];

function projectionTensors(config: LlamaConfig, layer: number, projection: Projection): readonly NamedShape[] {
  const [module, shape] = [projectionModule(layer, projection), projectionShape(config, projection)];
  const bias: NamedShape = [`${module}.bias`, [shape[0]]];
  return [[`${module}.weight`, shape], ...(hasBias(config, projection) ? [bias] : [])];
}

function normTensors(layer: number, names: readonly string[], size: number): readonly NamedShape[] {
  return names.map((name) => [`model.layers.${layer}.${name}.weight`, [size]]);
}
