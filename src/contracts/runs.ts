/**
 * What a run leaves behind, and the journal that keeps it: runs, invocations of steps, their attempts,
 * the artifact versions they made, and what they said meanwhile. Written before and after every attempt,
 * so that a run that was killed can go on.
 */

import type { ContentHash } from "../core/hash.ts";
import type { JsonValue } from "../core/json.ts";
import type { LogFields, LogLevel } from "./logger.ts";

/** A process as the machine knows it: a pid alone is used again, these three together are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in whatever unit the machine counts. */
  readonly startTime: string;
  readonly bootId: string;
}

/** `interrupted` is never stored: it is how a `running` run reads whose process is gone. */
export type RunState = "running" | "completed" | "failed" | "cancelled" | "interrupted";

/** `cached`: an earlier invocation's outputs were used. `skipped`: something it needed failed. */
export type InvocationState = "running" | "completed" | "cached" | "failed" | "skipped" | "cancelled";

export type AttemptState = "running" | "completed" | "failed" | "cancelled";

/** An error as it is stored: enough to show it and to branch on its code. */
export interface ErrorRecord {
  readonly name: string;
  /** Of a `TrilithError`. */
  readonly code: string | null;
  readonly message: string;
  readonly stack: string | null;
}

export interface RunRecord {
  readonly id: string;
  /** What a person called it; equal to the id when nobody did. */
  readonly name: string;
  readonly pipeline: string;
  readonly parameters: JsonValue;
  /** The run configuration that was in force, without the parameters. */
  readonly config: JsonValue;
  readonly state: RunState;
  readonly error: ErrorRecord | null;
  /** The pipeline's outputs: name to artifact id, or ids. */
  readonly outputs: Readonly<Record<string, string | readonly string[]>>;
  readonly owner: ProcessIdentity;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
}

/** One place in an invocation's input that was filled by an output of another, or by a value. */
export interface InvocationInput {
  /** Where in the input, for example `links[3].url`; empty for the whole. */
  readonly path: string;
  /** Of what was put there. */
  readonly hash: ContentHash;
  /** The edge, where there is one. */
  readonly artifactId: string | null;
}

/** What a cache key was made of, so that two keys can be compared part by part. */
export interface CacheKeyParts {
  readonly code: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly node: string;
  readonly protocol: string;
}

export interface AttemptRecord {
  /** Counts from 1. */
  readonly number: number;
  readonly state: AttemptState;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly error: ErrorRecord | null;
}

export interface InvocationRecord {
  readonly runId: string;
  /** Step name and hash of the inputs: the same in every run that does the same. */
  readonly id: string;
  readonly step: string;
  /** `crawl_links`, `crawl_links_2`, … in order of the calls. */
  readonly displayName: string;
  readonly state: InvocationState;
  /** Ids of the invocations that it was told to come after. */
  readonly after: readonly string[];
  readonly inputs: readonly InvocationInput[];
  readonly outputs: readonly ArtifactRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly codeDigest: string | null;
  readonly cacheKey: string | null;
  readonly keyParts: CacheKeyParts | null;
  /** Which invocation's outputs a `cached` one uses. */
  readonly cachedFrom: { readonly runId: string; readonly invocationId: string } | null;
  readonly error: ErrorRecord | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
}

/** A version of an artifact: what an output of a step was, once. */
export interface ArtifactRecord {
  /** `<name>@<version>`. */
  readonly id: string;
  /** The step's name, and the output's after a dot where outputs are named. */
  readonly name: string;
  /** Counts from 1 within the name. */
  readonly version: number;
  readonly hash: ContentHash;
  readonly sizeBytes: number;
  readonly materializer: string;
  readonly schemaId: string;
  /** A few members of the value, for people. */
  readonly preview: JsonValue;
  /** Whether the bytes are in the journal instead of the artifact store. */
  readonly inline: boolean;
  /** Which output of its step. */
  readonly output: string;
  readonly producer: { readonly runId: string; readonly invocationId: string };
  /** Invocations that read it. */
  readonly consumers: readonly { readonly runId: string; readonly invocationId: string }[];
  readonly createdAtMs: number;
}

export interface MetricRecord {
  readonly invocationId: string;
  readonly name: string;
  readonly value: number;
  /** The training step or whatever else is counted; `null` for a value that has no place in a series. */
  readonly atStep: number | null;
  readonly atMs: number;
}

export interface LogRecord {
  readonly invocationId: string;
  readonly attempt: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly atMs: number;
}

export interface MetadataRecord {
  readonly invocationId: string;
  readonly key: string;
  readonly value: JsonValue;
}

export type NewRun = Pick<RunRecord, "id" | "name" | "pipeline" | "parameters" | "config">;

/** An invocation about to run, or settled without running. */
export type InvocationEntry = Pick<
  InvocationRecord,
  "id" | "step" | "displayName" | "after" | "inputs" | "codeDigest" | "cacheKey" | "keyParts"
>;

/** An output before the journal has given it a version. `content` is what goes inline, `null` when the store has it. */
export type ArtifactDraft = Pick<
  ArtifactRecord,
  "name" | "hash" | "sizeBytes" | "materializer" | "schemaId" | "preview" | "output"
> & { readonly content: Uint8Array | null };

/** What steps say while they run. */
export interface Observations {
  readonly logs: readonly LogRecord[];
  readonly metrics: readonly MetricRecord[];
  readonly metadata: readonly MetadataRecord[];
}

export interface AttemptEnd {
  readonly invocationId: string;
  readonly attempt: number;
  readonly state: "completed" | "failed" | "cancelled";
  /** `false` after a failed attempt that will be tried again: the invocation goes on. */
  readonly final: boolean;
  readonly error: ErrorRecord | null;
  readonly artifacts: readonly ArtifactDraft[];
}

/** How an invocation ended that had nothing to run. */
export type InvocationEnd =
  | { readonly state: "cached"; readonly from: InvocationRecord }
  | { readonly state: "failed" | "skipped" | "cancelled"; readonly error: ErrorRecord };

export type RunEnd = Pick<RunRecord, "error" | "outputs"> & { readonly state: "completed" | "failed" | "cancelled" };

/**
 * The right to write one run's journal, held by one process at a time.
 * Every method commits durably, compares its token first, and throws `RunLeaseLostError` (`run-lease-lost`)
 * when another process has taken the run over.
 */
export interface RunLease {
  readonly runId: string;
  /** Writes that an attempt begins. Numbers count from 1 over the life of the run; returns this one's. */
  startAttempt(invocation: InvocationEntry): Promise<number>;
  /** Writes how it ended, and in the same transaction its outputs, which it returns with their versions. */
  finishAttempt(end: AttemptEnd): Promise<ArtifactRecord[]>;
  /** Writes an invocation that did not run. */
  settle(invocation: InvocationEntry, end: InvocationEnd): Promise<void>;
  append(observations: Observations): Promise<void>;
  finish(end: RunEnd): Promise<void>;
}

/** Runs and everything in them. */
export interface RunJournal {
  /** Begins a run in this process. */
  createRun(run: NewRun): Promise<RunLease>;
  /**
   * Takes over a run that is not running.
   *
   * @throws {RunNotFoundError} (`run-not-found`)
   * @throws {RunAliveError} (`run-alive`) while the process that runs it lives
   */
  takeRun(runId: string): Promise<RunLease>;
  /** By id, by name (the newest), or by a unique beginning of an id. */
  findRun(idOrName: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  listRuns(filter?: { readonly pipeline?: string; readonly limit?: number }): Promise<RunRecord[]>;
  /** In order of their start. */
  listInvocations(runId: string): Promise<InvocationRecord[]>;
  /** Completed invocations with that key, newest first. */
  findCached(cacheKey: string, finishedAfterMs?: number): Promise<InvocationRecord[]>;
  /** Newest first. */
  listArtifacts(filter?: {
    readonly name?: string;
    readonly runId?: string;
    readonly limit?: number;
  }): Promise<ArtifactRecord[]>;
  /** By `<name>@<version>`, or the newest of a name. */
  findArtifact(idOrName: string): Promise<ArtifactRecord | undefined>;
  /** The bytes of an artifact that is `inline`, unchecked. */
  readInline(artifactId: string): Promise<Uint8Array | undefined>;
  listLogs(runId: string, filter?: { readonly invocationId?: string }): Promise<LogRecord[]>;
  listMetrics(
    runId: string,
    filter?: { readonly invocationId?: string; readonly name?: string },
  ): Promise<MetricRecord[]>;
  listMetadata(runId: string): Promise<MetadataRecord[]>;
}
