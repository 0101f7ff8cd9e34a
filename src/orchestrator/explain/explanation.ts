/** Why a step ran or did not, as data: what happened, and its key's parts beside those of an earlier invocation. */

import type { CacheKeyParts, InvocationState, RunRecord } from "../../contracts/runs.ts";

/** In the order in which parts are listed. */
export type PartKind =
  | "module"
  | "package"
  | "input"
  | "custom"
  | "output"
  | "port"
  | "file"
  | "program"
  | "node"
  | "protocol";

/** One part of a cache key, now and before. */
export interface PartComparison {
  readonly kind: PartKind;
  /** A path of the project, a package, a place in the input, a port, … */
  readonly name: string;
  readonly change: "same" | "changed" | "added" | "removed";
  /** A version of a package, a hash or fingerprint of anything else; `null` where there was none. */
  readonly before: string | null;
  readonly after: string | null;
  /** What is different in the value, where it can be told. */
  readonly detail: string | null;
}

/**
 * Why the step's function was or was not called.
 *
 * `hit`: an earlier output was used. `changed`: a part of the key has. `first`: there is nothing to compare with.
 * `cache-off`: by the run's settings. `not-cached`: the step is declared so, or its code cannot be told.
 * `expired`, `unreadable`: the earlier output was there and could not be used. `undone`: what it did no longer
 * stands. `gone`: nothing has changed, and no
 * output with the key was there. `rerun`: it was asked for. `kept`: from before the run was resumed.
 * `not-run`: something else failed or the run was stopped first, or it has not come to it yet.
 */
export type Reason =
  | "hit"
  | "changed"
  | "first"
  | "cache-off"
  | "not-cached"
  | "expired"
  | "unreadable"
  | "undone"
  | "gone"
  | "rerun"
  | "kept"
  | "not-run";

/** One invocation, explained. */
export interface InvocationExplanation {
  readonly invocationId: string;
  readonly displayName: string;
  readonly state: InvocationState;
  readonly reason: Reason;
  /** The answer in one sentence. */
  readonly verdict: string;
  readonly key: string | null;
  readonly keyParts: CacheKeyParts | null;
  readonly comparedWith: {
    readonly runId: string;
    readonly invocationId: string;
    readonly finishedAtMs: number | null;
  } | null;
  /** In the order of `PartKind`; empty when there is nothing to compare with. */
  readonly parts: readonly PartComparison[];
}

/** A step of a run, explained. */
export interface Explanation {
  readonly run: Pick<RunRecord, "id" | "name" | "pipeline" | "state">;
  /** In order of their start. */
  readonly invocations: readonly InvocationExplanation[];
}
