/**
 * Training: from an author's documents to a dataset, and from a dataset to a fine-tuned model.
 */

export { type AdamWOptions, createAdamW } from "./adamw.ts";
export { OptimizerStateError, TrainingDivergedError } from "./errors.ts";
export { type MuonOptions, openMuon } from "./muon.ts";
export { combineOptimizers, type Optimizer, type OptimizerState } from "./optimizer.ts";
export { type Schedule, type WarmupCosineOptions, warmupCosine, warmupStableDecay } from "./schedule.ts";
export { meanLoss, type StepReport, type StepVerdict, type TrainOptions, trainModel } from "./train-loop.ts";
