/** Starting a pipeline, or going on with a run of it: from code, the command line and the server alike. */

import { join } from "node:path";
import type { z } from "zod";
import type { InvocationRecord, RunJournal, RunLease, RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import type { JsonValue } from "../core/json.ts";
import { entropyRandom, type Random } from "../core/random.ts";
import { parseWith } from "../core/schema.ts";
import { createArtifactReader } from "./artifact-reader.ts";
import { createCodeDigests } from "./code-digest/code-digest.ts";
import { outputNodes, runLocally } from "./engines/local/local-run.ts";
import type { RunContext, RunPoint } from "./engines/local/run-context.ts";
import { toErrorRecord } from "./error-record.ts";
import { PipelineMismatchError, RunCancelledError, RunFailedError } from "./errors.ts";
import { createEventStream, type RunEvent } from "./events.ts";
import { createGate, createKeyLock } from "./gate.ts";
import { toJsonValue } from "./json-value.ts";
import type { Pipeline, ResultOf } from "./pipeline.ts";
import { createRecorder } from "./recorder.ts";
import { isRef, type RefNode, type Values } from "./ref.ts";
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
  /** How long steps are waited for after their signal has aborted. Default 2,000. */
  readonly graceMs?: number;
  /** Of run ids. */
  readonly random?: Random;
  /** Called, and awaited, at named moments of each attempt. */
  onPoint?(point: RunPoint, step: string): void | Promise<void>;
}

/** A run that is going on. */
export interface RunHandle<T> {
  readonly id: string;
  readonly events: AsyncIterable<RunEvent>;
  /**
   * The values of the pipeline's outputs, read back from their artifacts.
   * Rejects with `RunFailedError` or `RunCancelledError`; when nobody waits for it, that is no unhandled rejection.
   */
  readonly result: Promise<T>;
  /** Stops it: steps get the signal, what has finished is kept. Resolves when nothing runs any more. */
  cancel(reason?: string): Promise<void>;
}

/**
 * Starts a run in this process. Resolves as soon as the journal has it.
 *
 * @throws {InvalidInputError} when the parameters do not fit the pipeline
 */
export async function runPipeline<P extends Pipeline>(
  pipeline: P,
  parameters: z.input<P["parameters"]>,
  options: RunOptions,
): Promise<RunHandle<Values<ResultOf<P>>>> {
  const { workspace, settings = {}, journal = workspace.runs } = options;
  const given: unknown = parameters;
  parseWith(pipeline.parameters, given, `the parameters of ${pipeline.name}`);
  const stored = toJsonValue(given, `the parameters of ${pipeline.name}`);
  const id = createRunId(pipeline.name, workspace.clock.now(), options.random ?? entropyRandom());
  const lease = await journal.createRun({
    id,
    name: expandName(settings.name ?? id, workspace.clock.now()),
    pipeline: pipeline.name,
    parameters: stored,
    config: toJsonValue(settings, "the run's settings"),
  });
  return startRun(pipeline, { lease, journal, parameters: stored, settings, kept: [], resumed: false }, options);
}

/**
 * Goes on with a run that failed, was cancelled or was interrupted, with the parameters that it began with.
 * Finished invocations are kept, even if their code has changed since, which a warning says; the others run again.
 *
 * @throws {RunNotFoundError} (`run-not-found`), {RunAliveError} (`run-alive`), {RunCompletedError} (`run-completed`)
 * @throws {PipelineMismatchError} when another pipeline began it
 */
export async function resumeRun<P extends Pipeline>(
  pipeline: P,
  runId: string,
  options: RunOptions,
): Promise<RunHandle<Values<ResultOf<P>>>> {
  const { workspace, journal = workspace.runs } = options;
  const run = await journal.findRun(runId);
  if (run && run.pipeline !== pipeline.name) throw new PipelineMismatchError(run.id, run.pipeline, pipeline.name);
  const lease = await journal.takeRun(run?.id ?? runId);
  const kept = (await journal.listInvocations(lease.runId)).filter(
    ({ state }) => state === "completed" || state === "cached",
  );
  // The settings were stored by runPipeline from RunSettings.
  const settings = options.settings ?? ((run?.config ?? {}) as RunSettings);
  const parameters = run?.parameters ?? {};
  return startRun(pipeline, { lease, journal, parameters, settings, kept, resumed: true }, options);
}

interface Start {
  readonly lease: RunLease;
  readonly journal: RunJournal;
  readonly parameters: JsonValue;
  readonly settings: RunSettings;
  readonly kept: readonly InvocationRecord[];
  readonly resumed: boolean;
}

function startRun<P extends Pipeline>(pipeline: P, start: Start, options: RunOptions): RunHandle<Values<ResultOf<P>>> {
  const run = createRunContext(pipeline, start, options);
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
  const result = execute(run, pipeline, { parameters: start.parameters, cancelled: () => cancelled }).finally(() => {
    signal?.removeEventListener("abort", onAbort);
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

function createRunContext(pipeline: Pipeline, start: Start, options: RunOptions): RunContext {
  const { workspace } = options;
  const events = createEventStream();
  const warned = new Set<string>();
  return {
    workspace,
    journal: start.journal,
    lease: start.lease,
    pipeline: pipeline.name,
    settings: start.settings,
    stop: new AbortController(),
    halted: undefined,
    gate: createGate(options.concurrency ?? 16),
    graceMs: options.graceMs ?? 2_000,
    events,
    recorder: createRecorder(start.lease),
    reader: createArtifactReader(start.journal, workspace.artifacts),
    digests: createCodeDigests({
      cacheFile: workspace.folder === "" ? null : join(workspace.folder, "cache", "code-digests.json"),
    }),
    kept: new Map(start.kept.map((record) => [record.id, record])),
    withKey: keyLockOf(start.journal),
    onPoint: options.onPoint ?? (() => undefined),
    warn(code, message) {
      if (warned.has(message)) return;
      warned.add(message);
      events.push({ type: "run-warning", code, message });
      workspace.log.warn(message, { code });
    },
  };
}

const keyLocks = new WeakMap<RunJournal, ReturnType<typeof createKeyLock>>();

/** Equal cache keys wait for each other in all runs of this process that share a journal. */
function keyLockOf(journal: RunJournal): ReturnType<typeof createKeyLock> {
  const lock = keyLocks.get(journal) ?? createKeyLock();
  keyLocks.set(journal, lock);
  return lock;
}

async function execute(
  run: RunContext,
  pipeline: Pipeline,
  { parameters, cancelled }: { parameters: JsonValue; cancelled(): { readonly reason: unknown } | undefined },
): Promise<unknown> {
  const { runId } = run.lease;
  const end = await runLocally(run, () =>
    pipeline.run(parseWith(pipeline.parameters, parameters, `the parameters of ${pipeline.name}`)),
  );
  await run.recorder.flush();
  let failures = [...end.failures, ...(run.recorder.failure === undefined ? [] : [run.recorder.failure])];
  let outputs: RunRecord["outputs"] = {};
  let values: unknown;
  if (failures.length === 0 && cancelled() === undefined) {
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
  const { reason } = cancelled() ?? {};
  const state = cancelled() ? "cancelled" : failures.length > 0 ? "failed" : "completed";
  const error =
    state === "cancelled"
      ? new RunCancelledError(runId, reason)
      : state === "failed"
        ? new RunFailedError(runId, failures)
        : null;
  const record = error && toErrorRecord(error);
  await run.lease.finish({ state, error: record, outputs });
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

/** `<pipeline>-<UTC date>-<UTC time>-<6 hexadecimal digits>`: sorts by time, and can be typed by its beginning. */
function createRunId(pipeline: string, nowMs: number, random: Random): string {
  const [date, time] = dateAndTime(nowMs);
  return `${pipeline}-${date}-${time}-${random
    .integer(2 ** 24)
    .toString(16)
    .padStart(6, "0")}`;
}

function expandName(name: string, nowMs: number): string {
  const [date, time] = dateAndTime(nowMs);
  return name.replaceAll("{date}", date).replaceAll("{time}", time);
}

function dateAndTime(nowMs: number): [date: string, time: string] {
  const [date = "", time = ""] = new Date(nowMs).toISOString().split("T");
  return [date.replaceAll("-", ""), time.slice(0, 8).replaceAll(":", "")];
}
