/** Hooks: functions that are told how a step or a run goes. What they throw is a warning and never fails a run. */

/** What a hook is told. */
export interface HookContext {
  readonly run: { readonly id: string; readonly pipeline: string };
  /** `null` in a hook of a pipeline. */
  readonly step: string | null;
  readonly displayName: string | null;
  /** Counts from 1; 0 in a hook of a pipeline. */
  readonly attempt: number;
  /** In `onFailure`. */
  readonly error: unknown;
}
/** Told something; waited for. What it throws is a warning. */
export type Hook = (context: HookContext) => void | Promise<void>;

/** Of a step: `onStart` before each attempt, the others once, at the end. None is called for cached outputs. Of a pipeline: once per run. */
export interface Hooks {
  readonly onStart?: Hook;
  readonly onSuccess?: Hook;
  readonly onFailure?: Hook;
}
