import { describe, expect, it } from "vitest";
import { Hyperparameters, toFineTuneOptions } from "./hyperparameters.ts";

const optionsOf = (parameters: object) => toFineTuneOptions(Hyperparameters.parse(parameters));
const lora = optionsOf({}).lora;

/** Each key with a value that is not its default, and what it changes. */
const CASES: Record<keyof Hyperparameters, [value: unknown, changes: object]> = {
  num_train_epochs: [7, { epochs: 7 }],
  per_device_train_batch_size: [2, { batchSize: 2 }],
  gradient_accumulation_steps: [4, { gradientAccumulationSteps: 4 }],
  learning_rate: [3e-4, { learningRate: 3e-4 }],
  warmup_ratio: [0.2, { warmupFraction: 0.2 }],
  weight_decay: [0.3, { weightDecay: 0.3 }],
  max_grad_norm: [0.5, { clipNorm: 0.5 }],
  max_steps: [9, { maxSteps: 9 }],
  max_minutes: [2, { maxMinutes: 2 }],
  max_seq_length: [64, { windowTokens: 64 }],
  lora_r: [4, { lora: { ...lora, r: 4 } }],
  lora_alpha: [5, { lora: { ...lora, alpha: 5 } }],
  lora_target_modules: [["q_proj"], { lora: { ...lora, targetModules: ["q_proj"] } }],
  eval_steps: [3, { evaluateEverySteps: 3 }],
  early_stopping_patience: [8, { patience: 8 }],
  sample_every_seconds: [0, { sampleEverySeconds: 0 }],
  sample_prompt: ["Dear", { samplePrompt: "Dear" }],
  seed: [1, { seed: 1 }],
  is_dummy: [true, { epochs: 1, maxSteps: 20 }],
};

describe("hyperparameters", () => {
  it("are all covered here", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(Hyperparameters.shape).sort());
  });

  it.each(Object.entries(CASES))("%s is used, and changes nothing else", (key, [value, changes]) => {
    expect(optionsOf({ [key]: value })).toEqual({ ...optionsOf({}), ...changes });
  });

  it("train on everything unless is_dummy says otherwise", () => {
    expect(optionsOf({ is_dummy: false, num_train_epochs: 5 })).toMatchObject({ epochs: 5 });
    expect(optionsOf({ is_dummy: false })).not.toHaveProperty("maxSteps");
    expect(optionsOf({ is_dummy: true, max_steps: 5 })).toMatchObject({ maxSteps: 5 });
  });
});
