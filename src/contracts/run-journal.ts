/**
 * The journal of runs as ports: what an engine writes through leases, what workers take from the queue,
 * and what everyone can read. A write is durable when its promise resolves.
 */

import type { ContentHash } from "../core/hash.ts";
import type {
  ArtifactRecord,
  ErrorRecord,
  InvocationRecord,
  LogRecord,
  MetadataRecord,
  MetricRecord,
  RunRecord,
  SignalRecord,
} from "./runs.ts";

export type NewRun = Pick<RunRecord, "id" | "name" | "pipeline" | "parameters" | "config"> &
  Partial<Pick<RunRecord, "tags" | "queue" | "detached" | "requestKey" | "codeDigest">>;

/** An invocation about to run or wait, or settled without either. */
export type InvocationEntry = Pick<
  InvocationRecord,
  "id" | "kind" | "parentId" | "step" | "displayName" | "after" | "inputs" | "codeDigest" | "cacheKey" | "keyParts"
> &
  Pick<InvocationRecord, "tags" | "wait">;

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
  readonly state: "completed" | "failed" | "cancelled";
  /** `false` after a failed attempt that will be tried again: the invocation goes on. */
  readonly final: boolean;
  readonly error: ErrorRecord | null;
  readonly artifacts: readonly ArtifactDraft[];
}

/** How an invocation ended that had no attempt. */
export type InvocationEnd =
  | { readonly state: "cached"; readonly from: InvocationRecord }
  /** What was waited for has come: its value is an artifact like any output. */
  | { readonly state: "completed"; readonly artifacts: readonly ArtifactDraft[] }
  /** A nested pipeline: its outputs are its steps' artifacts, by output name (`name[2]` in a list). */
  | { readonly state: "completed"; readonly outputs: Readonly<Record<string, string>> }
  | { readonly state: "failed" | "skipped" | "cancelled"; readonly error: ErrorRecord };

export type RunEnd = Pick<RunRecord, "error" | "outputs"> & {
  readonly state: "completed" | "failed" | "cancelled" | "code-mismatch";
};

/**
 * The right to write one attempt, held by one process at a time. Taking the attempt over, or starting the next one,
 * ends it: every method then throws `AttemptLostError` (`attempt-lost`) and writes nothing.
 */
export interface AttemptLease {
  readonly runId: string;
  readonly invocationId: string;
  readonly number: number;
  append(observations: Observations): Promise<void>;
  /** Writes how it ended, and in the same transaction its outputs, which it returns with their versions. */
  finish(end: AttemptEnd): Promise<ArtifactRecord[]>;
}

/**
 * The right to write one run, held by one process at a time.
 * Every method commits durably, compares its token first, and throws `RunLeaseLostError` (`run-lease-lost`)
 * when another process has taken the run over.
 */
export interface RunLease {
  readonly runId: string;
  /**
   * Writes that the invocation runs or waits, without an attempt of this process. One that has been completed, perhaps
   * by another process a moment ago, stays completed, unless it is entered `anew`.
   */
  enter(invocation: InvocationEntry, options?: { readonly anew: boolean }): Promise<void>;
  /** Enters the invocation and begins its next attempt, which also needs this lease. */
  startAttempt(invocation: InvocationEntry, executor: string): Promise<AttemptLease>;
  /** Enters the invocation, where it has not been, and ends it. Returns the artifacts of `artifacts`. */
  settle(invocation: InvocationEntry, end: InvocationEnd): Promise<ArtifactRecord[]>;
  append(observations: Observations): Promise<void>;
  /** Keeps what a code digest was made of, once. */
  saveCode(digest: string, parts: Readonly<Record<string, string>>): Promise<void>;
  /** Says that the process lives, and asks what has been said to the run from outside. */
  beat(): Promise<{ readonly cancelRequested: boolean; readonly signalCount: number }>;
  /**
   * Gives the run up until `wakeAtMs`, a signal, or `resume`. When there are more signals than the `signalCount`
   * that the caller has seen, or cancelling was asked for, the run is queued at once: nothing said is slept through.
   */
  suspend(until: { readonly wakeAtMs: number | null; readonly signalCount: number }): Promise<void>;
  finish(end: RunEnd): Promise<void>;
}

/** Artifact versions and who made and read them. */
export interface ArtifactCatalog {
  /** Newest first. */
  list(filter?: {
    readonly name?: string;
    readonly runId?: string;
    readonly hash?: ContentHash;
    readonly limit?: number;
  }): Promise<ArtifactRecord[]>;
  /** By `<name>@<version>`, or the newest of a name. */
  find(idOrName: string): Promise<ArtifactRecord | undefined>;
  /** The bytes of an artifact that is `inline`, unchecked. */
  readInline(artifactId: string): Promise<Uint8Array | undefined>;
  /** Adds a version of something that no step made; the same content from the same source gives the version there is. */
  register(
    draft: Omit<ArtifactDraft, "output" | "content"> & { readonly source: string | null },
  ): Promise<ArtifactRecord>;
  /** Versions that no run which is there made or read, oldest first. */
  listUnused(): Promise<ArtifactRecord[]>;
  /** Takes away what the journal itself keeps of the versions' contents; that they were made stays known. */
  erase(ids: readonly string[]): Promise<void>;
  /** Takes versions out, all or none. @throws {ArtifactInUseError} (`artifact-in-use`) when a run made or reads one */
  remove(ids: readonly string[]): Promise<void>;
}

/** What is to be run, and what is said to runs from outside. */
export interface RunQueue {
  /** Adds a run for a worker, or returns the one that has its `requestKey`. */
  enqueue(run: NewRun): Promise<RunRecord>;
  /**
   * Takes the oldest run of the queues that can go on: queued, waiting and due, or detached and interrupted.
   * A run that was taken `maxTakes` times without ending is ended as failed instead, and the next one is looked at.
   */
  claim(filter: {
    readonly queues: readonly string[];
    readonly maxTakes: number;
  }): Promise<{ readonly run: RunRecord; readonly lease: RunLease } | undefined>;
  /** Tells a run something: kept until it is asked for, in order by name. A waiting run is queued. */
  signal(signal: Omit<SignalRecord, "atMs">): Promise<void>;
  /** In order of their coming. */
  listSignals(runId: string): Promise<SignalRecord[]>;
  /** Ends a run that has no process, and asks the process of any other to end it. @throws {RunNotFoundError} {RunEndedError} */
  requestCancel(runId: string): Promise<RunRecord>;
  /** Puts a run that has ended or waits back into the queue, for a worker to go on with. @throws as `takeRun` does */
  requeue(runId: string): Promise<RunRecord>;
}

/** What steps said. */
export interface ObservationLog {
  listLogs(runId: string, filter?: { readonly invocationId?: string }): Promise<LogRecord[]>;
  listMetrics(
    runId: string,
    filter?: { readonly invocationId?: string; readonly name?: string },
  ): Promise<MetricRecord[]>;
  listMetadata(runId: string): Promise<MetadataRecord[]>;
  /** Facts of all runs under the key whose value, as JSON text, has `text` in it; in order of the runs' ids. */
  findMetadata(filter: {
    readonly key: string;
    readonly text: string;
  }): Promise<(MetadataRecord & { readonly runId: string })[]>;
}

/** Runs and everything in them. */
export interface RunJournal {
  readonly artifacts: ArtifactCatalog;
  readonly queue: RunQueue;
  readonly observations: ObservationLog;
  /** Begins a run in this process. */
  createRun(run: NewRun): Promise<RunLease>;
  /**
   * Takes over a run that has no process and is not completed.
   *
   * @throws {RunNotFoundError} (`run-not-found`)
   * @throws {RunAliveError} (`run-alive`) while the process that runs it lives
   * @throws {RunCompletedError} (`run-completed`)
   */
  takeRun(runId: string): Promise<RunLease>;
  /**
   * Begins the next attempt of an invocation that has been entered, in whichever process; an attempt of it that is
   * still running is ended as interrupted, and its process can write no more.
   *
   * @throws {AttemptLostError} (`attempt-lost`) when the invocation has ended
   */
  takeAttempt(place: {
    readonly runId: string;
    readonly invocationId: string;
    readonly executor: string;
  }): Promise<AttemptLease>;
  /** By id, by name (the newest), or by a unique beginning of an id. */
  findRun(idOrName: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  listRuns(filter?: {
    readonly pipeline?: string;
    readonly states?: readonly RunRecord["state"][];
    readonly tag?: string;
    readonly limit?: number;
  }): Promise<RunRecord[]>;
  /** In order of their start. */
  listInvocations(
    runId: string,
    filter?: {
      readonly ids?: readonly string[];
      /** Only those that have an attempt which has ended. */
      readonly attempted?: boolean;
    },
  ): Promise<InvocationRecord[]>;
  /** Completed invocations with that key, newest first. */
  findCached(cacheKey: string, finishedAfterMs?: number): Promise<InvocationRecord[]>;
  /** The newest finished invocations of a step with key parts, newest first, not of `exceptRunId`. */
  findEarlier(step: string, exceptRunId: string): Promise<InvocationRecord[]>;
  /** What a code digest was made of: hashes by module and package. */
  findCode(digest: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Takes a run that has ended out, with its invocations and what they said; its artifacts stay. */
  deleteRun(runId: string): Promise<void>;
}
