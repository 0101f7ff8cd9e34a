/** The front door: what a project's steps and pipelines import by the name `trilith`. */

export type * from "./contracts/answers.ts";
export type * from "./contracts/artifacts.ts";
export { defineConfig, type TrilithConfig } from "./contracts/config.ts";
export type * from "./contracts/documents.ts";
export { Author, DocumentKind, RawDocument } from "./contracts/documents.ts";
export type * from "./contracts/features.ts";
export { Chunk, CleanedDocument } from "./contracts/features.ts";
export type * from "./contracts/hub.ts";
export type * from "./contracts/logger.ts";
export type * from "./contracts/models.ts";
export type * from "./contracts/registry.ts";
export { ModelLineage, ModelStage, ModelVersion, Rights } from "./contracts/registry.ts";
export type * from "./contracts/run-journal.ts";
export type * from "./contracts/runs.ts";
export type * from "./contracts/training.ts";
export type * from "./contracts/vectors.ts";
export type * from "./contracts/workspace.ts";
export type {
  CallOptions,
  CommandOptions,
  EachLimits,
  ExecutionMode,
  Hook,
  HookContext,
  Hooks,
  Materializer,
  Outputs,
  Pipeline,
  Ref,
  Refs,
  Resources,
  ResultOf,
  RetryPolicy,
  RunEvent,
  RunHandle,
  RunOptions,
  RunSettings,
  Step,
  StepContext,
  StepDefinition,
  StepSettings,
  TestContext,
  Values,
} from "./orchestrator/index.ts";
export {
  approval,
  arrowTable,
  bytes,
  chart,
  commandStep,
  each,
  event,
  Folder,
  folder,
  json,
  jsonl,
  pipeline,
  queueRun,
  type Rows,
  RunCancelledError,
  RunFailedError,
  RunWaitingError,
  rerunPipeline,
  resumeRun,
  rows,
  rowsOf,
  runPipeline,
  StepFailedError,
  sleep,
  step,
  testContext,
  text,
  typedArray,
} from "./orchestrator/index.ts";
export { loadModelFiles } from "./stores/registry/index.ts";
export { openWorkspace, type WorkspaceOptions } from "./workspace.ts";
