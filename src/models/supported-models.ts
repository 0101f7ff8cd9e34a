/**
 * Which models are run here, said before any of their weights is read: the four families of dense decoders whose
 * computation `llama-graph.ts` holds, and none of the fields that would change it.
 */

import { UnsupportedModelError } from "./errors.ts";

/** The content of a `config.json` before it is a configuration. */
export type Fields = Readonly<Record<string, unknown>>;

/** `model_type` of the families; SmolLM2 is a `llama`. */
export const FAMILIES = ["llama", "mistral", "qwen2", "qwen3"] as const;

export type Family = (typeof FAMILIES)[number];

const ARCHITECTURES: Readonly<Record<Family, string>> = {
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
};

/**
 * The family that a configuration names.
 *
 * @throws {UnsupportedModelError} (`model-unsupported`) for any other, or none
 */
export function familyOf(raw: Fields): { readonly model_type: Family; readonly architectures: readonly string[] } {
  const { model_type: type, architectures } = raw;
  const named = Array.isArray(architectures) ? String(architectures[0]) : undefined;
  const family = FAMILIES.find((known) => (named === undefined ? known === type : ARCHITECTURES[known] === named));
  if (family === undefined || (type !== undefined && type !== family)) {
    throw new UnsupportedModelError(
      `its architecture is ${named ?? "not named"}, its model_type ${type ?? "not given"}`,
    );
  }
  return { model_type: family, architectures: [ARCHITECTURES[family]] };
}

/** The fields of rotation, whatever they are called; `rope_type` is always there. */
export function ropeFields(raw: Fields): Fields {
  const given = raw["rope_parameters"] ?? raw["rope_scaling"];
  const { type, ...fields }: Fields = typeof given === "object" ? { ...given } : {};
  return { ...fields, rope_type: fields["rope_type"] ?? type ?? "default" };
}

const ROPE_TYPES: readonly unknown[] = ["default", "linear", "llama3"];

/** @throws {UnsupportedModelError} (`model-unsupported`) for a field that changes what is computed */
export function refuseUnsupported(raw: Fields): void {
  const rope = ropeFields(raw);
  const { hidden_act: activation = "silu", quantization_config: quantization } = raw;
  const experts = raw["num_experts"] ?? raw["num_local_experts"] ?? 0;
  const rotated = rope["partial_rotary_factor"] ?? raw["partial_rotary_factor"] ?? 1;
  const problems: readonly (readonly [boolean, string])[] = [
    [activation !== "silu", `hidden_act is ${activation}; only silu is computed`],
    [
      !ROPE_TYPES.includes(rope["rope_type"]),
      `rope_type is ${rope["rope_type"]}; ${ROPE_TYPES.join(", ")} are computed`,
    ],
    [rotated !== 1, `partial_rotary_factor is ${rotated}; all features are rotated here`],
    [quantization != null, "quantization_config is given; weights must be floats, or int8 rows as Trilith writes them"],
    [Number(experts) > 0, `it has ${experts} experts; only dense models are computed`],
  ];
  const found = problems.find(([wrong]) => wrong);
  if (found) throw new UnsupportedModelError(found[1]);
}

interface Sizes {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim?: number | undefined;
}

/** @throws {UnsupportedModelError} (`model-unsupported`) for heads that do not divide evenly */
export function refuseSizes(config: Sizes): void {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const size = config.head_dim ?? config.hidden_size / heads;
  if (heads % kvHeads !== 0) throw new UnsupportedModelError(`${heads} query heads on ${kvHeads} key/value heads`);
  if (size % 2 !== 0) throw new UnsupportedModelError(`heads of ${size} features, which cannot be rotated in pairs`);
}
