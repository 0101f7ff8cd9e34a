/** What every invocation of one run shares. */

import type { InvocationEntry, RunJournal, RunLease } from "../../contracts/run-journal.ts";
import type { ArtifactRecord, InvocationRecord } from "../../contracts/runs.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import type { ArtifactReader } from "../artifact-reader.ts";
import type { CallInput } from "../call-input.ts";
import type { CodeDigests } from "../code-digest/code-digests.ts";
import type { EventStream, InvocationPlace } from "../events.ts";
import type { Gate } from "../gate.ts";
import type { Recorder } from "../recorder.ts";
import type { ResourceGate } from "../resource-gate.ts";
import type { RunSettings } from "../run-settings.ts";
import type { StepDefinition } from "../step-definition.ts";
import type { Activity } from "./activity.ts";
import type { Waits } from "./waits.ts";

/** Moments at which a process may die; a test ends it there. */
export type RunPoint =
  | "before-attempt"
  | "attempt-started"
  | "outputs-saved"
  | "attempt-committed"
  | "wait-entered"
  | "wait-committed"
  | "nested-entered"
  | "nested-committed"
  | "run-suspended"
  | "run-finishing";

/** One attempt to make. */
export interface AttemptRequest {
  readonly definition: StepDefinition;
  readonly input: CallInput;
  readonly entry: InvocationEntry;
  readonly place: InvocationPlace;
  /** How many more attempts its policy allows when this one fails. */
  readonly retriesLeft: number;
}

export type AttemptResult =
  | { readonly outputs: ReadonlyMap<string, ArtifactRecord>; readonly attempt: number }
  | { readonly error: unknown; readonly attempt: number; readonly again: boolean; readonly stopped: boolean };

/** Where an attempt computes: in this process, in a child of it, or on another machine. */
export interface Executor {
  readonly name: string;
  /** Begins an attempt, runs it, and commits how it ended. Rejects only when the journal cannot be written. */
  attempt(run: RunContext, request: AttemptRequest): Promise<AttemptResult>;
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
  /** Whether the run was given up to wait: what its function still does means nothing. */
  abandoned: boolean;
  readonly gate: Gate;
  readonly resources: ResourceGate;
  readonly graceMs: number;
  readonly events: EventStream;
  readonly recorder: Recorder;
  readonly reader: ArtifactReader;
  readonly digests: CodeDigests;
  readonly activity: Activity;
  readonly waits: Waits;
  /** Finished invocations of this run, which is being resumed, or of the one that it does again. */
  readonly kept: ReadonlyMap<string, InvocationRecord>;
  /** Waits that this run had begun, with the time at which they end. */
  readonly begun: ReadonlyMap<string, InvocationRecord>;
  /** Steps that run again whatever the cache holds, with what depends on them. */
  readonly anew: ReadonlySet<string>;
  executorOf(step: string, wanted: "inline" | "process"): Executor;
  withKey<T>(key: string, body: () => Promise<T>): Promise<T>;
  onPoint(point: RunPoint, step: string): void | Promise<void>;
  warn(code: string, message: string): void;
}
