import { describe, expect, it } from "vitest";
import { Hyperparameters, toTrainingOptions } from "./hyperparameters.ts";

const optionsOf = (parameters: object) => toTrainingOptions(Hyperparameters.parse(parameters));

/** Each key with a value that is not its default, and what it changes; `null` for what the trainer does with its folders. */
const CASES: Record<keyof Hyperparameters, [value: unknown, changes: object | null]> = {
  num_train_epochs: [7, { epochs: 7 }],
  per_device_train_batch_size: [2, { batchSize: 2 }],
  gradient_accumulation_steps: [4, { gradientAccumulationSteps: 4 }],
  gradient_checkpointing: [true, { gradientCheckpointing: true }],
  learning_rate: [3e-4, { learningRate: 3e-4 }],
  lr_scheduler_type: ["linear", { schedule: "linear" }],
  warmup_steps: [10, { warmupSteps: 10 }],
  warmup_ratio: [0.2, { warmupFraction: 0.2 }],
  weight_decay: [0.3, { weightDecay: 0.3 }],
  adam_beta1: [0.8, { betas: [0.8, 0.999] }],
  adam_beta2: [0.95, { betas: [0.9, 0.95] }],
  adam_epsilon: [1e-6, { epsilon: 1e-6 }],
  max_grad_norm: [0.5, { clipNorm: 0.5 }],
  max_steps: [9, { maxSteps: 9 }],
  max_minutes: [2, { maxMinutes: 2 }],
  max_seq_length: [64, { windowTokens: 64 }],
  packing: [false, { packing: false }],
  use_peft: [false, { lora: null }],
  lora_r: [4, { lora: { r: 4 } }],
  lora_alpha: [5, { lora: { alpha: 5 } }],
  lora_dropout: [0.1, { lora: { dropout: 0.1 } }],
  lora_target_modules: [["q_proj"], { lora: { targetModules: ["q_proj"] } }],
  eval_steps: [3, { evaluateEverySteps: 3 }],
  early_stopping_patience: [8, { patience: 8 }],
  max_eval_rows: [5, { maxValidationRows: 5 }],
  save_steps: [25, { saveEverySteps: 25 }],
  save_minutes: [2, { saveEverySeconds: 120 }],
  save_total_limit: [1, null],
  resume_from_checkpoint: ["a/folder", null],
  sample_every_seconds: [0, { sampleEverySeconds: 0 }],
  sample_prompt: ["Dear", { samplePrompt: "Dear" }],
  seed: [1, { seed: 1 }],
  is_dummy: [true, { epochs: 1, maxSteps: 20 }],
  beta: [0.5, { beta: 0.5 }],
  rpo_alpha: [1, { nllWeight: 1 }],
  chosen_patience: [1, { chosenPatience: 1 }],
  force: [true, { force: true }],
};

describe("hyperparameters", () => {
  it("are all covered here", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(Hyperparameters.shape).sort());
  });

  it.each(Object.entries(CASES).filter(([, [, changes]]) => changes !== null))(
    "%s is used, and changes nothing else",
    (key, [value, changes]) => {
      expect(optionsOf({ [key]: value })).toEqual({ ...optionsOf({}), ...changes });
    },
  );

  it("take warmup_steps below 1 as a share, as transformers does", () => {
    expect(optionsOf({ warmup_steps: 0.25 })).toEqual({ ...optionsOf({}), warmupFraction: 0.25 });
    expect(optionsOf({ warmup_steps: 0 })).toMatchObject({ warmupSteps: 0 });
  });

  it("leave what is trained to the model that is gone on from, unless they say it", () => {
    expect(optionsOf({})).not.toHaveProperty("lora");
    expect(optionsOf({ use_peft: true }).lora).toEqual({});
    expect(optionsOf({ use_peft: false, lora_r: 4 }).lora).toBe(null);
  });

  it("train on everything unless is_dummy says otherwise", () => {
    expect(optionsOf({ is_dummy: false, num_train_epochs: 5 })).toMatchObject({ epochs: 5 });
    expect(optionsOf({ is_dummy: false })).not.toHaveProperty("maxSteps");
    expect(optionsOf({ is_dummy: true, max_steps: 5 })).toMatchObject({ maxSteps: 5 });
  });
});
