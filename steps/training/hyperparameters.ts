/** Hyperparameters by the names that the field gives them, and what each of them sets. */

import { type FineTuneOptions, LLAMA_PROJECTIONS } from "trilith/training";
import { z } from "zod";

/** Named as in the reference system, `TrainingArguments` of transformers and `LoraConfig` of PEFT. */
export const Hyperparameters = z.object({
  num_train_epochs: z.number().positive().default(3),
  per_device_train_batch_size: z.int().positive().default(8),
  gradient_accumulation_steps: z.int().positive().default(1),
  /** The highest; by default 3e-3 for bases under 100 million parameters, 3e-4 for larger ones. */
  learning_rate: z.number().positive().optional(),
  /** Share of the steps over which the learning rate rises. */
  warmup_ratio: z.number().min(0).max(1).default(0.05),
  weight_decay: z.number().min(0).default(0.01),
  max_grad_norm: z.number().positive().default(1),
  /** Ends the run earlier. */
  max_steps: z.int().positive().optional(),
  /** Ends the run earlier, by the clock; such a run cannot be repeated exactly. */
  max_minutes: z.number().positive().optional(),
  /** Tokens of a row; at most the base's context. */
  max_seq_length: z.int().positive().default(256),
  lora_r: z.int().positive().default(16),
  lora_alpha: z.number().positive().default(32),
  lora_target_modules: z.array(z.string()).min(1).default(LLAMA_PROJECTIONS),
  /** Steps between two looks at the held-out loss; by default a tenth of the run, at most half an epoch. */
  eval_steps: z.int().positive().optional(),
  /** Looks without a better loss after which the run ends. */
  early_stopping_patience: z.int().positive().default(3),
  /** Time between two samples of the voice; 0 for none. */
  sample_every_seconds: z.number().min(0).default(15),
  /** What samples continue; by default the first words of a validation text. */
  sample_prompt: z.string().min(1).optional(),
  seed: z.int().default(42),
  /** A trial: one epoch, at most 20 steps. */
  is_dummy: z.boolean().default(false),
});
export type Hyperparameters = z.infer<typeof Hyperparameters>;

const DUMMY_STEPS = 20;

/** The options of `fineTune` that the hyperparameters mean. */
export function toFineTuneOptions(parameters: Hyperparameters): FineTuneOptions {
  const { is_dummy, max_steps, max_minutes, eval_steps, sample_prompt, learning_rate } = parameters;
  const steps = is_dummy ? Math.min(DUMMY_STEPS, max_steps ?? DUMMY_STEPS) : max_steps;
  return {
    lora: {
      r: parameters.lora_r,
      alpha: parameters.lora_alpha,
      targetModules: parameters.lora_target_modules,
    },
    batchSize: parameters.per_device_train_batch_size,
    gradientAccumulationSteps: parameters.gradient_accumulation_steps,
    windowTokens: parameters.max_seq_length,
    epochs: is_dummy ? 1 : parameters.num_train_epochs,
    warmupFraction: parameters.warmup_ratio,
    weightDecay: parameters.weight_decay,
    clipNorm: parameters.max_grad_norm,
    patience: parameters.early_stopping_patience,
    sampleEverySeconds: parameters.sample_every_seconds,
    seed: parameters.seed,
    ...(learning_rate === undefined ? {} : { learningRate: learning_rate }),
    ...(steps === undefined ? {} : { maxSteps: steps }),
    ...(max_minutes === undefined ? {} : { maxMinutes: max_minutes }),
    ...(eval_steps === undefined ? {} : { evaluateEverySteps: eval_steps }),
    ...(sample_prompt === undefined ? {} : { samplePrompt: sample_prompt }),
  };
}
