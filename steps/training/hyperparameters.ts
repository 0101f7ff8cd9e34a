/** Hyperparameters by the names that the field gives them, and what each of them sets. */

import { type DpoOptions, SCHEDULES } from "trilith/training";
import { z } from "zod";

/** Named as in the reference system, `TrainingArguments` of transformers, `LoraConfig` of PEFT and TRL's trainers. */
export const Hyperparameters = z.object({
  num_train_epochs: z.number().positive().default(3),
  /** Rows of tokens; for dpo, pairs. */
  per_device_train_batch_size: z.int().positive().default(8),
  gradient_accumulation_steps: z.int().positive().default(1),
  /** Less memory, a third more time. */
  gradient_checkpointing: z.boolean().default(false),
  /** The highest; by default 3e-3 for bases under 100 million parameters, 3e-4 for larger ones, and 5e-6 for dpo. */
  learning_rate: z.number().positive().optional(),
  lr_scheduler_type: z.enum(SCHEDULES).default("cosine"),
  /** Over which the learning rate rises: a number of steps, or below 1 a share of them. Comes before warmup_ratio. */
  warmup_steps: z.number().min(0).optional(),
  /** Share of the steps over which the learning rate rises. */
  warmup_ratio: z.number().min(0).max(1).default(0.05),
  weight_decay: z.number().min(0).default(0.01),
  adam_beta1: z.number().min(0).lt(1).default(0.9),
  adam_beta2: z.number().min(0).lt(1).default(0.999),
  adam_epsilon: z.number().positive().default(1e-8),
  max_grad_norm: z.number().positive().default(1),
  /** Ends the run earlier. */
  max_steps: z.int().positive().optional(),
  /** Ends the run earlier, by the clock; such a run cannot be repeated exactly. */
  max_minutes: z.number().positive().optional(),
  /** Tokens of a sample; at most the base's context. Longer answers are cut at their end, and that is said. */
  max_seq_length: z.int().positive().default(256),
  /** Several samples in a row, each attending to itself alone. */
  packing: z.boolean().default(true),
  /** false: all parameters are trained, and what comes out is a whole checkpoint. By default as what is gone on from. */
  use_peft: z.boolean().optional(),
  /** By default that of the adapter that is gone on from, else 16. */
  lora_r: z.int().positive().optional(),
  /** Likewise, else 32. */
  lora_alpha: z.number().positive().optional(),
  lora_dropout: z.number().min(0).lt(1).optional(),
  /** Likewise, else all seven projections. */
  lora_target_modules: z.array(z.string()).min(1).optional(),
  /** Steps between two looks at the held-out loss; by default a tenth of the run, at most half an epoch. */
  eval_steps: z.int().positive().optional(),
  /** Looks without a better loss after which the run ends; 0 for never. */
  early_stopping_patience: z.int().min(0).default(3),
  /** Rows of tokens in a look; for dpo, pairs. */
  max_eval_rows: z.int().positive().default(64),
  /** Steps between two checkpoints; by default one every ten minutes. */
  save_steps: z.int().positive().optional(),
  /** Minutes between two checkpoints. */
  save_minutes: z.number().positive().optional(),
  /** Checkpoints that are kept. */
  save_total_limit: z.int().positive().default(2),
  /** A folder of checkpoints of another run to go on from, with the settings given here. */
  resume_from_checkpoint: z.string().min(1).optional(),
  /** Time between two samples of the voice; 0 for none. */
  sample_every_seconds: z.number().min(0).default(15),
  /** What samples continue; by default the first words of a validation text. */
  sample_prompt: z.string().min(1).optional(),
  seed: z.int().default(42),
  /** A trial: one epoch, at most 20 steps. */
  is_dummy: z.boolean().default(false),
  /** For dpo: how much a difference to the reference counts. */
  beta: z.number().positive().default(0.1),
  /** For dpo: share of the chosen answers' loss a token that is added. */
  rpo_alpha: z.number().min(0).default(0),
  /** For dpo: looks in a row with chosen answers less likely than at the start, after which the run ends; 0 for never. */
  chosen_patience: z.int().min(0).default(3),
  /** For dpo: bases under 100 million parameters as well. */
  force: z.boolean().default(false),
});
export type Hyperparameters = z.infer<typeof Hyperparameters>;

const DUMMY_STEPS = 20;

/** The options of `fineTune` and `trainDpo` that the hyperparameters mean; the folders are the trainer's to open. */
export function toTrainingOptions(parameters: Hyperparameters): DpoOptions {
  const { is_dummy, max_steps, warmup_steps, save_minutes } = parameters;
  const steps = is_dummy ? Math.min(DUMMY_STEPS, max_steps ?? DUMMY_STEPS) : max_steps;
  const isShare = warmup_steps !== undefined && warmup_steps > 0 && warmup_steps < 1;
  return {
    ...always(parameters),
    ...given("lora", loraOf(parameters)),
    ...(isShare ? { warmupFraction: warmup_steps } : {}),
    ...given("warmupSteps", isShare ? undefined : warmup_steps),
    ...given("learningRate", parameters.learning_rate),
    ...given("maxSteps", steps),
    ...given("maxMinutes", parameters.max_minutes),
    ...given("evaluateEverySteps", parameters.eval_steps),
    ...given("saveEverySteps", parameters.save_steps),
    ...given("saveEverySeconds", save_minutes === undefined ? undefined : 60 * save_minutes),
    ...given("samplePrompt", parameters.sample_prompt),
  };
}

/** null for all parameters; nothing where it is left to what training starts from. */
function loraOf(parameters: Hyperparameters): DpoOptions["lora"] {
  const { use_peft, lora_r, lora_alpha, lora_dropout, lora_target_modules } = parameters;
  if (use_peft === false) return null;
  const lora = {
    ...(lora_r === undefined ? {} : { r: lora_r }),
    ...(lora_alpha === undefined ? {} : { alpha: lora_alpha }),
    ...(lora_dropout === undefined ? {} : { dropout: lora_dropout }),
    ...(lora_target_modules === undefined ? {} : { targetModules: lora_target_modules }),
  };
  return use_peft === undefined && Object.keys(lora).length === 0 ? undefined : lora;
}

/** What has a default here. */
function always(parameters: Hyperparameters): DpoOptions {
  return {
    batchSize: parameters.per_device_train_batch_size,
    gradientAccumulationSteps: parameters.gradient_accumulation_steps,
    gradientCheckpointing: parameters.gradient_checkpointing,
    windowTokens: parameters.max_seq_length,
    packing: parameters.packing,
    epochs: parameters.is_dummy ? 1 : parameters.num_train_epochs,
    schedule: parameters.lr_scheduler_type,
    warmupFraction: parameters.warmup_ratio,
    weightDecay: parameters.weight_decay,
    betas: [parameters.adam_beta1, parameters.adam_beta2],
    epsilon: parameters.adam_epsilon,
    clipNorm: parameters.max_grad_norm,
    patience: parameters.early_stopping_patience,
    maxValidationRows: parameters.max_eval_rows,
    sampleEverySeconds: parameters.sample_every_seconds,
    seed: parameters.seed,
    beta: parameters.beta,
    nllWeight: parameters.rpo_alpha,
    chosenPatience: parameters.chosen_patience,
    force: parameters.force,
  };
}

function given<Name extends keyof DpoOptions>(name: Name, value: DpoOptions[Name]): Pick<DpoOptions, Name> | object {
  return value === undefined ? {} : { [name]: value };
}
