/**
 * Training: from an author's documents to a dataset, and from a dataset to a fine-tuned model.
 */

export { type AdamWOptions, createAdamW } from "./adamw.ts";
export { type Checkpoints, type CheckpointsOptions, openCheckpoints, type TrainingState } from "./checkpoints.ts";
export {
  AuthorUnclearError,
  buildDataset,
  type Dataset,
  type DatasetInput,
  type DatasetOptions,
  datasetHashOf,
  documentsOf,
  holdOutDocuments,
  NotAvailableError,
  PreferencePair,
  Sample,
  SampleForm,
  TooFewDocumentsError,
  TooLittleTextError,
} from "./datasets/index.ts";
export {
  CheckpointDamagedError,
  CheckpointWriteError,
  OptimizerStateError,
  TrainingDivergedError,
} from "./errors.ts";
export {
  type FineTuneInput,
  type FineTuneMetrics,
  type FineTuneReport,
  type FineTuneResult,
  fineTune,
  MIN_INSTRUCTION_PARAMETERS,
  MIN_TRAINING_WORDS,
  samplesFor,
} from "./fine-tune.ts";
export { type FineTuneOptions, LLAMA_PROJECTIONS } from "./fine-tune-options.ts";
export { type ModelCardInput, modelNameOf, renderModelCard } from "./model-card.ts";
export { type MuonOptions, openMuon } from "./muon.ts";
export { combineOptimizers, type Optimizer, type OptimizerState } from "./optimizer.ts";
export { createRunKeeper, type RunKeeper, type RunKeeperOptions, type RunMemory } from "./run-keeper.ts";
export {
  SCHEDULES,
  type Schedule,
  type ScheduleName,
  type ScheduleSteps,
  scheduleByName,
  type WarmupCosineOptions,
  warmupCosine,
  warmupStableDecay,
} from "./schedule.ts";
export { meanLoss, type StepReport, type StepVerdict, type TrainOptions, trainModel } from "./train-loop.ts";
