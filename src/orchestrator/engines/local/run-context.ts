/** What every invocation of one run shares in the local engine. */

import type { InvocationRecord, RunJournal, RunLease } from "../../../contracts/runs.ts";
import type { Workspace } from "../../../contracts/workspace.ts";
import type { ArtifactReader } from "../../artifact-reader.ts";
import type { EventStream } from "../../events.ts";
import type { Gate } from "../../gate.ts";
import type { Recorder } from "../../recorder.ts";
import type { RunSettings } from "../../run-settings.ts";
import type { StepDefinition } from "../../step-definition.ts";

/** Moments at which a process may die; a test ends it there. */
export type RunPoint = "before-attempt" | "attempt-started" | "outputs-saved" | "attempt-committed";

/** What a step's code is, for the cache. */
export interface CodeDigest {
  /** `null` when the code cannot be told. */
  readonly digest: string | null;
  /** Why an output of it cannot be cached; `null` when it can. */
  readonly uncacheable: string | null;
}

export interface CodeDigests {
  digestOf(step: StepDefinition): Promise<CodeDigest>;
}

export interface RunContext {
  readonly workspace: Workspace;
  readonly journal: RunJournal;
  readonly lease: RunLease;
  readonly pipeline: string;
  readonly settings: RunSettings;
  /** Aborts when the run is cancelled, or fails in `fail_fast`. */
  readonly stop: AbortController;
  /** Set when nothing more may start: the reason. */
  halted: unknown;
  readonly gate: Gate;
  readonly graceMs: number;
  readonly events: EventStream;
  readonly recorder: Recorder;
  readonly reader: ArtifactReader;
  readonly digests: CodeDigests;
  /** Finished invocations of the run that is being resumed. */
  readonly kept: ReadonlyMap<string, InvocationRecord>;
  withKey<T>(key: string, body: () => Promise<T>): Promise<T>;
  onPoint(point: RunPoint, step: string): void | Promise<void>;
  warn(code: string, message: string): void;
}
