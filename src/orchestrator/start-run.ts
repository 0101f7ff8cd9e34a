/** One run in this process, from its lease to its end: driven, told about, written, or given up until something comes. */

import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { RunJournal, RunLease } from "../contracts/run-journal.ts";
import type { InvocationRecord, RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { isTrilithError } from "../core/errors.ts";
import type { JsonValue } from "../core/json.ts";
import type { Random } from "../core/random.ts";
import { parseWith } from "../core/schema.ts";
import { createArtifactReader } from "./artifact-reader.ts";
import { createCodeDigests } from "./code-digest/code-digest.ts";
import { createActivity } from "./drive/activity.ts";
import { outputNodes, runFrame } from "./drive/frame.ts";
import type { FrameEnd } from "./drive/nested.ts";
import type { Executor, RunContext, RunPoint } from "./drive/run-context.ts";
import { runHook } from "./drive/run-hook.ts";
import { Waits } from "./drive/waits.ts";
import { toErrorRecord } from "./error-record.ts";
import { RunCancelledError, RunFailedError, RunWaitingError } from "./errors.ts";
import { createEventStream, type RunEvent } from "./events.ts";
import { executorFor } from "./executors/executor-for.ts";
import { createGate, createKeyLock } from "./gate.ts";
import type { Pipeline, ResultOf } from "./pipeline.ts";
import { createRecorder } from "./recorder.ts";
import { isRef, type RefNode, type Values } from "./ref.ts";
import { createResourceGate, type Resources } from "./resource-gate.ts";
import type { RunSettings } from "./run-settings.ts";

/** What a run is given beside its parameters; only the workspace is needed. */
export interface RunOptions {
  readonly workspace: Workspace;
  /** Default: the workspace's. */
  readonly journal?: RunJournal;
  /** For a resumed run, default: those that it began with. */
  readonly settings?: RunSettings;
  /** Cancels the run when it aborts. */
  readonly signal?: AbortSignal;
  /** How many steps run at once. Default 16. */
  readonly concurrency?: number;
  /** What the machine has for steps that state their `resources`. Default: its cores and memory, and no GPU. */
  readonly capacity?: Resources;
  /** Where attempts compute. Default: where each step asks for, on this machine. */
  readonly executor?: Executor;
  /** How long steps are waited for after their signal has aborted. Default 2,000. */
  readonly graceMs?: number;
  /** How often the journal is told that the run lives, and asked what was said to it. Default 500. */
  readonly heartbeatMs?: number;
  /** Of run ids. */
  readonly random?: Random;
  /** Called, and awaited, at named moments. */
  onPoint?(point: RunPoint, step: string): void | Promise<void>;
}

/** A run that is going on. */
export interface RunHandle<T> {
  readonly id: string;
  readonly events: AsyncIterable<RunEvent>;
  /**
   * The values of the pipeline's outputs, read back from their artifacts.
   * Rejects with `RunFailedError`, `RunCancelledError` or `RunWaitingError`; when nobody waits for it, that is no
   * unhandled rejection.
   */
  readonly result: Promise<T>;
  /** Stops it: steps get the signal, what has finished is kept. Resolves when nothing runs any more. */
  cancel(reason?: string): Promise<void>;
}

/** What a run begins with. */
export interface Start {
  readonly lease: RunLease;
  readonly journal: RunJournal;
  readonly parameters: JsonValue;
  readonly settings: RunSettings;
  /** Finished invocations that are not done again. */
  readonly kept: readonly InvocationRecord[];
  /** What this run had begun before. */
  readonly begun: readonly InvocationRecord[];
  /** Ids of invocations that no cache may answer. */
  readonly anew: readonly string[];
  readonly resumed: boolean;
}

/** Drives the run from here on. */
export function startRun<P extends Pipeline>(
  pipeline: P,
  start: Start,
  options: RunOptions,
): RunHandle<Values<ResultOf<P>>> {
  const idle = Promise.withResolvers<void>();
  const run = createRunContext(pipeline, start, { ...options, onIdle: () => run.waits.maySuspend && idle.resolve() });
  const runId = start.lease.runId;
  run.events.push({ type: "run-start", runId, pipeline: pipeline.name, resumed: start.resumed });
  let cancelled: { readonly reason: unknown } | undefined;
  const cancel = (reason: unknown): void => {
    run.halted ??= reason;
    cancelled ??= { reason };
    run.stop.abort(reason);
  };
  const { signal } = options;
  const onAbort = (): void => cancel(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const stopBeating = beat(run, { everyMs: options.heartbeatMs ?? 500, cancel });
  const result = execute(run, pipeline, {
    parameters: start.parameters,
    resumed: start.resumed,
    idle: idle.promise,
    cancelled: () => cancelled,
  })
    .finally(stopBeating)
    .finally(() => {
      signal?.removeEventListener("abort", onAbort);
      run.activity.close();
      run.events.close();
    });
  result.catch(() => undefined); // told by the events and the journal, and again to whoever awaits it
  return {
    id: runId,
    events: run.events.events,
    result: result as Promise<Values<ResultOf<P>>>, // the outputs' nodes were made by the pipeline whose type P is
    async cancel(reason = "cancelled by its caller") {
      cancel(reason);
      await result.catch(() => undefined);
    },
  };
}

function createRunContext(pipeline: Pipeline, start: Start, options: RunOptions & { onIdle(): void }): RunContext {
  const { workspace } = options;
  const events = createEventStream();
  const warned = new Set<string>();
  const warn = (code: string, message: string): void => {
    if (warned.has(message)) return;
    warned.add(message);
    events.push({ type: "run-warning", code, message });
    workspace.log.warn(message, { code });
  };
  return {
    workspace,
    journal: start.journal,
    lease: start.lease,
    pipeline: pipeline.name,
    settings: start.settings,
    stop: new AbortController(),
    halted: undefined,
    abandoned: false,
    gate: createGate(options.concurrency ?? 16),
    resources: createResourceGate(capacityOf(options.capacity)),
    graceMs: options.graceMs ?? 2_000,
    events,
    recorder: createRecorder(start.lease),
    reader: createArtifactReader(start.journal, workspace.artifacts),
    digests: createCodeDigests({
      cacheFile: workspace.folder === "" ? null : join(workspace.folder, "cache", "code-digests.json"),
    }),
    activity: createActivity(options.onIdle),
    waits: new Waits(workspace.clock),
    kept: new Map(start.kept.map((record) => [record.id, record])),
    begun: new Map(start.begun.map((record) => [record.id, record])),
    anew: new Set(start.anew),
    executorOf: options.executor ? () => options.executor as Executor : executorFor({ workspace, warn }),
    withKey: keyLockOf(start.journal),
    onPoint: options.onPoint ?? (() => undefined),
    warn,
  };
}

function capacityOf({ cpu, gpu, memoryMb }: Resources = {}): Required<Resources> {
  return {
    cpu: cpu ?? availableParallelism(),
    gpu: gpu ?? 0,
    memoryMb: memoryMb ?? Math.floor(totalmem() / 2 ** 20),
  };
}

const keyLocks = new WeakMap<RunJournal, ReturnType<typeof createKeyLock>>();

/** Equal cache keys wait for each other in all runs of this process that share a journal. */
function keyLockOf(journal: RunJournal): ReturnType<typeof createKeyLock> {
  const lock = keyLocks.get(journal) ?? createKeyLock();
  keyLocks.set(journal, lock);
  return lock;
}

/**
 * Says that the run lives, and hears what is said to it. The timer also keeps the process: a run whose steps only wait
 * for promises would let Node end. A run that was taken over is stopped.
 */
function beat(
  run: RunContext,
  { everyMs, cancel }: { readonly everyMs: number; cancel(reason: unknown): void },
): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let beating = false;
  const once = async (): Promise<void> => {
    beating = true;
    try {
      const { cancelRequested, signalCount } = await run.lease.beat();
      if (cancelRequested) cancel(new DOMException("cancelled by request", "AbortError"));
      if (signalCount > run.waits.signalCount) run.waits.hear(await run.journal.queue.listSignals(run.lease.runId));
    } catch (error) {
      // A database that is away for a moment is asked again; a run that somebody else has is stopped here.
      if (!isTrilithError(error) || !error.retryable) cancel(error);
    } finally {
      beating = false;
    }
  };
  const timer = setInterval(() => {
    if (!beating) last = once();
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await last;
  };
}

interface Execution {
  readonly parameters: JsonValue;
  /** Whether something may have been said before this process had the run. */
  readonly resumed: boolean;
  /** Resolves when the run has nothing to do but to wait. */
  readonly idle: Promise<void>;
  cancelled(): { readonly reason: unknown } | undefined;
}

async function execute(run: RunContext, pipeline: Pipeline, execution: Execution): Promise<unknown> {
  const { parameters, idle } = execution;
  if (execution.resumed) run.waits.hear(await run.journal.queue.listSignals(run.lease.runId));
  await runHook(run, pipeline.definition.hooks.onStart, { place: null, attempt: 0, error: undefined });
  const place = { pipeline: pipeline.name, parentId: null, prefix: "", gates: [] };
  const ended = runFrame(run, place, () =>
    pipeline.run(parseWith(pipeline.parameters, parameters, `the parameters of ${pipeline.name}`)),
  );
  const end = await Promise.race([ended, idle.then(() => "idle" as const)]);
  return end === "idle" ? suspend(run) : finish(run, pipeline, { end, execution });
}

/** Gives the run up. Its function stays where it waits, and nothing that it still does counts. */
async function suspend(run: RunContext): Promise<never> {
  run.abandoned = true;
  const { runId } = run.lease;
  await run.recorder.flush();
  await run.lease.suspend({ wakeAtMs: run.waits.wakeAtMs, signalCount: run.waits.signalCount });
  await run.onPoint("run-suspended", run.pipeline);
  run.events.push({ type: "run-end", runId, state: "waiting", error: null });
  throw new RunWaitingError(runId, run.waits.names);
}

async function finish(
  run: RunContext,
  pipeline: Pipeline,
  { end, execution }: { readonly end: FrameEnd; readonly execution: Execution },
): Promise<unknown> {
  const { runId } = run.lease;
  await run.recorder.flush();
  let failures = [...end.failures, ...(run.recorder.failure === undefined ? [] : [run.recorder.failure])];
  let outputs: RunRecord["outputs"] = {};
  let values: unknown;
  const cancelled = execution.cancelled();
  if (failures.length === 0 && cancelled === undefined) {
    try {
      const nodes = outputNodes(pipeline.name, end.returned);
      await mapOutputs(nodes, (node) => node.settled);
      outputs = flattenIds(await mapOutputs(nodes, async (node) => node.edges().map(({ artifactId }) => artifactId)));
      const byName = await mapOutputs(nodes, (node) => node.load());
      values = isRef(end.returned) ? byName["output"] : nodes.size === 0 ? undefined : byName;
    } catch (error) {
      failures = [error];
    }
  }
  const state = cancelled ? "cancelled" : failures.length > 0 ? "failed" : "completed";
  const error =
    state === "cancelled"
      ? new RunCancelledError(runId, cancelled?.reason)
      : state === "failed"
        ? new RunFailedError(runId, failures)
        : null;
  const record = error && toErrorRecord(error);
  await run.onPoint("run-finishing", run.pipeline);
  await run.lease.finish({ state, error: record, outputs });
  const { onSuccess, onFailure } = pipeline.definition.hooks;
  const hook = { place: null, attempt: 0, error: error ?? undefined };
  await runHook(run, error ? onFailure : onSuccess, hook);
  run.events.push({ type: "run-end", runId, state, error: record });
  if (error) throw error;
  return values;
}

type Nodes = ReturnType<typeof outputNodes>;

async function mapOutputs<T>(nodes: Nodes, map: (node: RefNode) => Promise<T>): Promise<Record<string, T | T[]>> {
  const entries = [...nodes].map(async ([name, node]) => {
    return [name, Array.isArray(node) ? await Promise.all(node.map(map)) : await map(node)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** One id for a single artifact, a list for several. */
function flattenIds(ids: Record<string, string[] | string[][]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(ids).map(([name, found]) => {
      const flat = found.flat();
      const single = found.length === 1 && typeof found[0] === "string";
      return [name, single ? (flat[0] ?? "") : flat];
    }),
  );
}
