/** Starting a pipeline, or going on with a run of it: from code, the command line, a worker and the server alike. */

import type { z } from "zod";
import type { NewRun, RunJournal, RunLease } from "../contracts/run-journal.ts";
import type { InvocationRecord, RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import type { JsonValue } from "../core/json.ts";
import { entropyRandom } from "../core/random.ts";
import { parseWith } from "../core/schema.ts";
import { PipelineMismatchError, StepNotInRunError } from "./errors.ts";
import { toJsonValue } from "./json-value.ts";
import type { Pipeline, ResultOf } from "./pipeline.ts";
import type { Values } from "./ref.ts";
import { createRunId, expandRunName } from "./run-names.ts";
import type { RunSettings } from "./run-settings.ts";
import { type RunHandle, type RunOptions, startRun } from "./start-run.ts";

/** What is known of a run that has not begun. */
type Asked = Pick<RunOptions, "workspace" | "settings" | "random"> &
  Partial<Pick<NewRun, "queue" | "detached" | "requestKey" | "codeDigest">>;

/**
 * A run to begin or to queue, checked.
 *
 * @throws {InvalidInputError} when the parameters do not fit the pipeline
 */
export function newRun<P extends Pipeline>(pipeline: P, parameters: z.input<P["parameters"]>, asked: Asked): NewRun {
  const { workspace, settings = {}, random = entropyRandom(), ...place } = asked;
  const given: unknown = parameters;
  parseWith(pipeline.parameters, given, `the parameters of ${pipeline.name}`);
  const nowMs = workspace.clock.now();
  const id = createRunId(pipeline.name, nowMs, random);
  const { substitutions = {} } = settings;
  return {
    id,
    name: expandRunName(settings.name ?? id, { nowMs, pipeline: pipeline.name, substitutions }),
    pipeline: pipeline.name,
    parameters: toJsonValue(given, `the parameters of ${pipeline.name}`),
    config: toJsonValue(settings, "the run's settings"),
    tags: settings.tags ?? [],
    ...place,
  };
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
  const { settings = {} } = options;
  const run = newRun(pipeline, parameters, options);
  const journal = journalOf(options);
  const lease = await journal.createRun(run);
  return startRun(pipeline, { lease, journal, parameters: run.parameters, settings, ...NOTHING_BEFORE }, options);
}

/**
 * Queues a run for a worker, or gives the one that was queued with the same `requestKey`.
 *
 * @throws {InvalidInputError} when the parameters do not fit the pipeline
 */
export function queueRun<P extends Pipeline>(
  pipeline: P,
  parameters: z.input<P["parameters"]>,
  asked: Asked,
): Promise<RunRecord> {
  return asked.workspace.runs.queue.enqueue(newRun(pipeline, parameters, { ...asked, detached: true }));
}

/**
 * Goes on with a run that failed, was cancelled or interrupted, or waits, with the parameters that it began with.
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
  const journal = journalOf(options);
  const run = await findRunOf(pipeline, runId, journal);
  const lease = await journal.takeRun(run?.id ?? runId);
  return goOn(pipeline, { run, lease }, options);
}

/** Goes on with a run that this process has taken, from the queue for one. */
export async function goOn<P extends Pipeline>(
  pipeline: P,
  { run, lease }: { readonly run: RunRecord | undefined; readonly lease: RunLease },
  options: RunOptions,
): Promise<RunHandle<Values<ResultOf<P>>>> {
  const journal = journalOf(options);
  const invocations = await journal.listInvocations(lease.runId);
  const settings = options.settings ?? settingsOf(run);
  const parameters = run?.parameters ?? {};
  const before = { kept: invocations.filter(isFinished), begun: invocations, anew: [], resumed: true };
  return startRun(pipeline, { lease, journal, parameters, settings, ...before }, options);
}

/**
 * Does a run again from one of its steps on: a new run with the same parameters, in which that step and everything
 * that depends on it is computed anew, and the rest is taken over.
 *
 * @throws {StepNotInRunError} when the run has no such step
 * @throws {RunNotFoundError} {PipelineMismatchError} as `resumeRun` does
 */
export async function rerunPipeline<P extends Pipeline>(
  pipeline: P,
  { runId, from }: { readonly runId: string; readonly from: string },
  options: RunOptions,
): Promise<RunHandle<Values<ResultOf<P>>>> {
  const journal = journalOf(options);
  const earlier = await findRunOf(pipeline, runId, journal);
  const invocations = await journal.listInvocations(earlier?.id ?? runId);
  const anew = dependentsOf(invocations, from);
  if (anew.size === 0) throw new StepNotInRunError(runId, from, [...new Set(invocations.map(({ step }) => step))]);
  const settings = options.settings ?? settingsOf(earlier);
  // Stored by newRun from parameters that the pipeline's schema accepted; they are parsed again.
  const run = newRun(pipeline, earlier?.parameters as z.input<P["parameters"]>, { ...options, settings });
  const lease = await journal.createRun(run);
  const kept = invocations.filter((each) => isFinished(each) && !anew.has(each.id));
  const before = { kept, begun: [], anew: [...anew], resumed: false };
  return startRun(pipeline, { lease, journal, parameters: run.parameters, settings, ...before }, options);
}

const NOTHING_BEFORE = { kept: [], begun: [], anew: [], resumed: false };

function journalOf({ workspace, journal }: { workspace: Workspace; journal?: RunJournal }): RunJournal {
  return journal ?? workspace.runs;
}

/** Settings are stored by newRun, from RunSettings. */
function settingsOf(run: RunRecord | undefined): RunSettings {
  return (run?.config ?? {}) as JsonValue & RunSettings satisfies RunSettings;
}

const isFinished = ({ state, kind }: InvocationRecord): boolean =>
  (state === "completed" || state === "cached") && kind !== "pipeline";

async function findRunOf(pipeline: Pipeline, runId: string, journal: RunJournal): Promise<RunRecord | undefined> {
  const run = await journal.findRun(runId);
  if (run && run.pipeline !== pipeline.name) throw new PipelineMismatchError(run.id, run.pipeline, pipeline.name);
  return run;
}

/** The invocations of a step and all that read what they made, were told to come after them, or were called by them. */
function dependentsOf(invocations: readonly InvocationRecord[], step: string): ReadonlySet<string> {
  const named = ({ id, step: name, displayName }: InvocationRecord): boolean =>
    name === step || displayName === step || id === step;
  const found = new Set(invocations.filter(named).map(({ id }) => id));
  const madeBy = new Map(invocations.flatMap(({ id, outputs }) => outputs.map((output) => [output.id, id] as const)));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { id, inputs, after, parentId } of invocations) {
      const needs = [...inputs.flatMap(({ artifactId }) => madeBy.get(artifactId ?? "") ?? []), ...after];
      if (parentId !== null) needs.push(parentId);
      if (needs.some((each) => found.has(each))) found.add(id);
    }
  }
  return found;
}
