/** What a run is told beside its parameters, with ZenML's meanings. */

import type { JsonValue } from "../core/json.ts";
import type { Resources } from "./resource-gate.ts";
import type { RetryPolicy } from "./step-definition.ts";

/**
 * What a failed invocation stops: everything at once, whatever has not started, or only what depends on it.
 * A failure that the pipeline awaits is the pipeline's to handle.
 */
export type ExecutionMode = "fail_fast" | "stop_on_failure" | "continue_on_failure";

/** What holds for one step of a run, and wins over both the step's declaration and the run's settings. */
export interface StepSettings {
  /** Members of the input that the pipeline's code leaves out. */
  readonly parameters?: Readonly<Record<string, JsonValue>>;
  readonly enableCache?: boolean;
  readonly retry?: Partial<RetryPolicy>;
  readonly executor?: "inline" | "process";
  readonly resources?: Resources;
  readonly tags?: readonly string[];
}

/** What holds for a whole run. Left-out members have the defaults that are named. */
export interface RunSettings {
  /** `{date}`, `{time}` (the start, in UTC), `{pipeline}`, and `substitutions` stand for what they name. Default: the run's id. */
  readonly name?: string;
  readonly substitutions?: Readonly<Record<string, string>>;
  /** `false` runs every step anew; what they make can still be used by later runs. Default `true`. */
  readonly enableCache?: boolean;
  /** Default `continue_on_failure`. */
  readonly executionMode?: ExecutionMode;
  /** For steps that have no retry of their own. */
  readonly retry?: Partial<RetryPolicy>;
  readonly steps?: Readonly<Record<string, StepSettings>>;
  readonly tags?: readonly string[];
  readonly extra?: JsonValue;
}
