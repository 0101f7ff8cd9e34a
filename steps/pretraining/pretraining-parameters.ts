/** The parameters of pretraining by the names that the field gives them. */

import { BASE_CONFIG, type LlamaConfig } from "trilith/models";
import { z } from "zod";

/** The shape of a base; the defaults are those of `trilith-base-9m`. Names are those of `LlamaConfig`. */
export const BaseShape = z.object({
  vocab_size: z.int().min(300).max(65_535).default(BASE_CONFIG.vocab_size),
  hidden_size: z.int().positive().default(BASE_CONFIG.hidden_size),
  intermediate_size: z.int().positive().default(BASE_CONFIG.intermediate_size),
  num_hidden_layers: z.int().positive().default(BASE_CONFIG.num_hidden_layers),
  num_attention_heads: z.int().positive().default(BASE_CONFIG.num_attention_heads),
  num_key_value_heads: z.int().positive().default(BASE_CONFIG.num_key_value_heads),
  /** A multiple of 16. */
  head_dim: z.int().multipleOf(16).default(32),
  /** Tokens of a window. */
  max_seq_length: z.int().min(16).default(BASE_CONFIG.max_position_embeddings),
});
export type BaseShape = z.infer<typeof BaseShape>;

/** How a base is trained. */
export const PretrainingHyperparameters = z.object({
  per_device_train_batch_size: z.int().positive().default(8),
  /** Batches whose gradients make one step. */
  gradient_accumulation_steps: z.int().positive().default(2),
  /** The end by steps: such a run can be repeated exactly. */
  max_steps: z.int().positive().nullable().default(null),
  /** The end by time spent computing. Without either, one pass over the corpus. */
  max_minutes: z.number().positive().nullable().default(null),
  /** Muon's, for the hidden matrices. */
  learning_rate: z.number().positive().default(0.02),
  /** AdamW's, for the embedding and the gains. */
  embedding_learning_rate: z.number().positive().default(0.004),
  weight_decay: z.number().min(0).default(0.05),
  max_grad_norm: z.number().positive().default(1),
  /** Shares of the run over which the rates rise and fall. */
  warmup_ratio: z.number().min(0).max(1).default(0.01),
  decay_ratio: z.number().min(0).max(1).default(0.5),
  eval_steps: z.int().positive().default(100),
  /** Minutes between two checkpoints. */
  save_minutes: z.number().positive().default(3),
  seed: z.int().default(1),
  threads: z.int().positive().default(2),
});
export type PretrainingHyperparameters = z.infer<typeof PretrainingHyperparameters>;

/** The configuration that a shape means, as `config.json` has it. */
export function toLlamaConfig({ max_seq_length, ...shape }: BaseShape): LlamaConfig {
  return { ...BASE_CONFIG, ...shape, max_position_embeddings: max_seq_length };
}
