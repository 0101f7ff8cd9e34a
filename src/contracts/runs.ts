/**
 * What a run leaves behind: the run, the invocations of its steps, their attempts, the artifact versions they made,
 * what they said meanwhile, and what they waited for. The ports that keep it are in `run-journal.ts`.
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
  /** The machine's name, for people. */
  readonly host: string;
  /** What the process holds in a shared database as long as it lives; `null` where its machine is asked instead. */
  readonly session: string | null;
}

/**
 * `queued`: a worker will take it. `waiting`: for a time, an event or an approval, with no process.
 * `code-mismatch`: the worker that was to go on with it has other code. `interrupted` is never stored: it is how a
 * `running` run reads whose process is gone.
 */
export type RunState =
  | "queued"
  | "running"
  | "waiting"
  | "completed"
  | "failed"
  | "cancelled"
  | "code-mismatch"
  | "interrupted";

/** `cached`: an earlier invocation's outputs were used. `skipped`: something it needed failed. */
export type InvocationState = "running" | "waiting" | "completed" | "cached" | "failed" | "skipped" | "cancelled";

/** `pipeline`: one called in another; its own calls are its children. The last three wait for something. */
export type InvocationKind = "step" | "pipeline" | "sleep" | "event" | "approval";

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
  readonly tags: readonly string[];
  /** Whose workers take it when it is queued. */
  readonly queue: string;
  /** Whether a worker takes it over when its process dies; a person's own run waits for `resume`. */
  readonly detached: boolean;
  /** What asked for it, once: a second request with the same key gives this run. */
  readonly requestKey: string | null;
  /** Digest of the pipeline's code where the run was queued; `null` when it did not matter. */
  readonly codeDigest: string | null;
  /** Who runs it, or ran it last; `null` while nobody has. */
  readonly owner: ProcessIdentity | null;
  /** How often a process took it. */
  readonly takenCount: number;
  readonly cancelRequested: boolean;
  /** When a waiting run goes on by itself. */
  readonly wakeAtMs: number | null;
  readonly queuedAtMs: number;
  /** When a process first took it. */
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** When its process last said that it lives. */
  readonly heartbeatAtMs: number | null;
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
  /** The code's digest; what that was made of is stored once, under it (`RunJournal.findCode`). */
  readonly code: string;
  /** The step's own `cacheKey`, in place of its code and inputs; absent where it has none. */
  readonly custom?: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  /** The program that the step runs, with its arguments; absent where it runs none. */
  readonly program?: string;
  readonly node: string;
  readonly protocol: string;
}

export interface AttemptRecord {
  /** Counts from 1 over the life of the run. */
  readonly number: number;
  /** Where it ran: `inline`, `process`, or the name of a worker's queue. */
  readonly executor: string;
  readonly state: AttemptState;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly error: ErrorRecord | null;
}

export interface InvocationRecord {
  readonly runId: string;
  /** Step name and hash of the inputs: the same in every run that does the same. */
  readonly id: string;
  readonly kind: InvocationKind;
  /** The nested pipeline that called it; `null` for what the run's own pipeline called. */
  readonly parentId: string | null;
  /** The step's name, the nested pipeline's, or what is waited for. */
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
  readonly tags: readonly string[];
  /** The question of an approval, the time at which a sleep ends; `null` for what does not wait. */
  readonly wait: { readonly question: string | null; readonly dueAtMs: number | null } | null;
  readonly error: ErrorRecord | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
}

/** A version of an artifact: what an output of a step was, once. */
export interface ArtifactRecord {
  /** `<name>@<version>`. */
  readonly id: string;
  /** The step's name, and the output's after a dot where outputs are named; what it was registered as when external. */
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
  /** Which output of its step; empty for an external one. */
  readonly output: string;
  /** `null` for an artifact that was registered from outside. */
  readonly producer: { readonly runId: string; readonly invocationId: string } | null;
  /** Where an external artifact's bytes are: a path or URL. `null` for what steps made. */
  readonly source: string | null;
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

/** Something that a run waits for, said from outside. */
export interface SignalRecord {
  readonly runId: string;
  /** Of the event, or the question of the approval. */
  readonly name: string;
  readonly value: JsonValue;
  /** Who said it, as far as is known. */
  readonly by: string;
  readonly atMs: number;
}

export interface MetadataRecord {
  /** `null` for a fact about the run. */
  readonly invocationId: string | null;
  readonly key: string;
  readonly value: JsonValue;
}
