/** How fast each pair of a head's features is rotated, in radians a position, with what a longer context changed in it. */

import { headSize, type LlamaConfig } from "./llama-config.ts";

/**
 * The frequencies of the D / 2 pairs of a head.
 *
 * @source transformers `modeling_rope_utils.py`, `_compute_linear_scaling_rope_parameters` and `_compute_llama3_parameters`
 */
export function ropeFrequencies(config: LlamaConfig): readonly number[] {
  const size = headSize(config);
  const plain = Array.from({ length: size / 2 }, (_, i) => config.rope_theta ** ((-2 * i) / size));
  const scaling = config.rope_scaling;
  if (!scaling) return plain;
  if (scaling.rope_type === "linear") return plain.map((frequency) => frequency / scaling.factor);
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  return plain.map((frequency) => {
    const turns = (context * frequency) / (2 * Math.PI);
    if (turns > high) return frequency;
    if (turns < low) return frequency / factor;
    const share = (turns - low) / (high - low);
    return (1 - share) * (frequency / factor) + share * frequency;
  });
}
