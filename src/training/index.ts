/**
 * Training: from an author's documents to a dataset, and from a dataset to a fine-tuned model.
 */

export { REMOTE_START } from "../contracts/training.ts";
export { type AdamWOptions, createAdamW } from "./adamw.ts";
export { type Checkpoints, type CheckpointsOptions, openCheckpoints, type TrainingState } from "./checkpoints.ts";
export { curveChart, sparkline } from "./curve.ts";
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
  BaseTooSmallError,
  CheckpointDamagedError,
  CheckpointMissingError,
  CheckpointWriteError,
  LossExplodedError,
  NothingToTrainOnError,
  OptimizerStateError,
  OptionConflictError,
  StartRemoteError,
  StartUnclearError,
  TrainingDivergedError,
} from "./errors.ts";
export {
  type FineTuneInput,
  fineTune,
  MIN_TRAINING_WORDS,
  rowsFor,
  type TrainingInput,
  type TrainingResult,
} from "./fine-tune.ts";
export { holdOutPairs } from "./hold-out-pairs.ts";
export { LLAMA_PROJECTIONS } from "./lora-settings.ts";
export { modelNameOf, renderHubCard, renderModelCard } from "./model-card.ts";
export { type DatasetRow, type DocumentOrigin, dataFactsOf } from "./model-facts.ts";
export { type MuonOptions, openMuon } from "./muon.ts";
export { combineOptimizers, type Optimizer, type OptimizerState } from "./optimizer.ts";
export { type PreferenceFile, readPreferences } from "./preference-file.ts";
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
export { type DpoInput, MIN_PREFERENCE_PARAMETERS, trainDpo } from "./train-dpo.ts";
export { meanLoss, type StepReport, type StepVerdict, type TrainOptions, trainModel } from "./train-loop.ts";
export type { DpoOptions, TrainingOptions } from "./training-options.ts";
export type { CurvePoint, RunEnd, RunResult, TrainingMetrics, TrainingReport } from "./training-run.ts";
