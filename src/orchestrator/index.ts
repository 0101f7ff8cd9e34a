/** Door of the orchestrator: declare steps and pipelines, run them, and read what they left. */

export { type ArtifactReader, createArtifactReader } from "./artifact-reader.ts";
export { CacheKeyError } from "./cache-key-error.ts";
export { CommandFailedError, CommandNotStartedError, CommandOutputError } from "./command/errors.ts";
export { type CommandOptions, commandStep } from "./command-step.ts";
export type { RunPoint } from "./drive/run-context.ts";
export { signalName } from "./drive/waits.ts";
export { type EachLimits, each } from "./each.ts";
export { type DbosWorkerOptions, runDbosWorker } from "./engines/dbos/dbos-worker.ts";
export {
  InvalidDefinitionError,
  NotJsonError,
  OutputUnreadableError,
  PipelineMismatchError,
  PipelineOutputError,
  RunCancelledError,
  RunFailedError,
  RunWaitingError,
  StepFailedError,
  StepOutsidePipelineError,
  StepSkippedError,
  StepTimeoutError,
  UnsafePathError,
} from "./errors.ts";
export type { RunEvent } from "./events.ts";
export { runStepProcess } from "./executors/step-process.ts";
export { NothingToExplainError } from "./explain/explain-error.ts";
export { type ExplainOptions, explainStep } from "./explain/explain-step.ts";
export type { Explanation, InvocationExplanation, PartComparison, PartKind, Reason } from "./explain/explanation.ts";
export type { Hook, HookContext, Hooks } from "./hook.ts";
export { arrowTable } from "./materializers/arrow-table.ts";
export { materializerByName } from "./materializers/by-name.ts";
export { bytes } from "./materializers/bytes.ts";
export { chart } from "./materializers/chart.ts";
export { Chart } from "./materializers/chart-schema.ts";
export { ContentUnreadableError, ValueNotStorableError } from "./materializers/errors.ts";
export { Folder, type FolderManifest, folder, parseManifest } from "./materializers/folder.ts";
export { json } from "./materializers/json.ts";
export { jsonl } from "./materializers/jsonl.ts";
export type { Materializer } from "./materializers/materializer.ts";
export type { NdArray, NumericData } from "./materializers/npy.ts";
export { renderChart } from "./materializers/render-chart.ts";
export { type Rows, rows, rowsOf, rowsText } from "./materializers/rows.ts";
export { text } from "./materializers/text.ts";
export { typedArray } from "./materializers/typed-array.ts";
export { type Pipeline, pipeline, type ResultOf } from "./pipeline.ts";
export type { Outputs, Ref, Refs, Values } from "./ref.ts";
export type { Resources } from "./resource-gate.ts";
export { type ConfigNotice, parseRunConfig, type RunConfig, type RunConfigInput } from "./run-config/run-config.ts";
export { type ConfigIssue, RunConfigError } from "./run-config/run-config-error.ts";
export type { ScheduleConfig } from "./run-config/schedule-config.ts";
export { goOn, newRun, queueRun, rerunPipeline, resumeRun, runPipeline } from "./run-pipeline.ts";
export type { ExecutionMode, RunSettings, StepSettings } from "./run-settings.ts";
export { type BackfillRange, backfill, planBackfill } from "./schedules/backfill.ts";
export { parseMoment } from "./schedules/cron.ts";
export { type DeployedRun, deploySchedule } from "./schedules/deploy-schedule.ts";
export { BackfillTooLargeError, ScheduleInvalidError } from "./schedules/errors.ts";
export { runOf } from "./schedules/scheduled-run.ts";
export { createScheduler, type Scheduler, type SchedulerParts, type SchedulerRound } from "./schedules/scheduler.ts";
export { describeTrigger, ticksBetween } from "./schedules/ticks.ts";
export type { RunHandle, RunOptions } from "./start-run.ts";
export { type Step, step } from "./step.ts";
export { type StepContext, type TestContext, testContext } from "./step-context.ts";
export type { CallOptions, RetryPolicy, StepDefinition } from "./step-definition.ts";
export { type AnyStep, isStep, pipelineOfStep, stepOfPipeline } from "./step-pipeline.ts";
export { approval, event, sleep } from "./wait.ts";
export { createWorker, pipelineDigest, type Worker, type WorkerOptions } from "./worker.ts";
