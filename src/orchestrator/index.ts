/** Door of the orchestrator: declare steps and pipelines, run them, and read what they left. */

export { type EachLimits, each } from "./each.ts";
export {
  InvalidDefinitionError,
  NotJsonError,
  OutputUnreadableError,
  PipelineMismatchError,
  PipelineOutputError,
  RunCancelledError,
  RunFailedError,
  StepFailedError,
  StepOutsidePipelineError,
  StepSkippedError,
  StepTimeoutError,
  UnsafePathError,
} from "./errors.ts";
export type { RunEvent } from "./events.ts";
export { Folder, folder } from "./materializers/folder.ts";
export { json } from "./materializers/json.ts";
export { jsonl } from "./materializers/jsonl.ts";
export type { Materializer } from "./materializers/materializer.ts";
export { type Pipeline, pipeline, type ResultOf } from "./pipeline.ts";
export type { Outputs, Ref, Refs, Values } from "./ref.ts";
export { type ConfigNotice, parseRunConfig, type RunConfig, type RunConfigInput } from "./run-config/run-config.ts";
export { type ConfigIssue, RunConfigError } from "./run-config/run-config-error.ts";
export { type RunHandle, type RunOptions, resumeRun, runPipeline } from "./run-pipeline.ts";
export type { ExecutionMode, RunSettings, StepSettings } from "./run-settings.ts";
export { type Step, step } from "./step.ts";
export { type StepContext, type TestContext, testContext } from "./step-context.ts";
export type { CallOptions, RetryPolicy, StepDefinition } from "./step-definition.ts";
