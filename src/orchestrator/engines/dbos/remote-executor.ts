/**
 * Attempts on other machines, as the driver of a run sees them: enqueued under an id that follows from run, invocation
 * and trial, so that a driver which was taken over enqueues nothing twice, and looked for in the journal until they end.
 */

import type { RunJournal } from "../../../contracts/run-journal.ts";
import type { AttemptRecord, ErrorRecord, InvocationRecord } from "../../../contracts/runs.ts";
import type { AttemptRequest, AttemptResult, Executor, RunContext } from "../../drive/run-context.ts";
import { inlineNotice, isImportable } from "../../executors/import-step.ts";
import { inlineExecutor } from "../../executors/inline.ts";
import { toRecipe } from "../../executors/recipes.ts";
import { fromSentError } from "../../executors/step-messages.ts";
import { portablePath, type StepWork } from "./step-work.ts";

/** Hands a piece of work to the queue of a class of resources; doing it again with the same id does nothing. */
export type EnqueueStep = (
  work: StepWork,
  place: { readonly id: string; readonly resourceClass: string },
) => Promise<void>;

/** How often the journal is asked for attempts that have ended. */
const LOOK_EVERY_MS = 25;

/** An executor that enqueues. It looks for all attempts of a run at once. */
export function remoteExecutor(enqueue: EnqueueStep): Executor {
  const watches = new WeakMap<RunContext, Watch>();
  const entered = new WeakMap<RunContext, Set<string>>();
  /** Whether this invocation may have attempts: this driver has entered it, or one before it had. */
  const begun = (run: RunContext, id: string): boolean => {
    const own = entered.get(run) ?? new Set();
    const before = own.has(id) || run.begun.has(id);
    entered.set(run, own.add(id));
    return before;
  };
  const watchOf = (run: RunContext): Watch => {
    const watch = watches.get(run) ?? new Watch(run.journal, run.lease.runId);
    watches.set(run, watch);
    return watch;
  };
  return {
    name: "dbos",
    async attempt(run, request) {
      const { definition, entry, place, retriesLeft } = request;
      if (!(await isImportable(definition))) {
        run.warn(...inlineNotice(definition.name));
        return inlineExecutor.attempt(run, request);
      }
      const [known] = begun(run, entry.id)
        ? await run.journal.listInvocations(run.lease.runId, { ids: [entry.id] })
        : [];
      // What had been completed when this driver took the run and comes here was found unreadable, and is done anew. What
      // another worker runs at this moment, or has completed since, is only waited for.
      const anew = run.kept.has(entry.id);
      if (anew || (known?.state !== "running" && known?.state !== "completed")) await run.lease.enter(entry, { anew });
      const trial = trialsOf(known) + 1;
      const { gpu = 0 } = { ...definition.resources, ...run.settings.steps?.[definition.name]?.resources };
      const resourceClass = gpu > 0 ? "gpu" : "cpu";
      const { name, modulePath, stopGraceMs } = definition;
      const order: StepWork["order"] = {
        step: { name, modulePath: portablePath(modulePath) },
        input: await toRecipe(request.input.passed),
        defaults: run.settings.steps?.[name]?.parameters ?? {},
        run: { id: run.lease.runId, pipeline: run.pipeline },
        graceMs: stopGraceMs ?? run.graceMs,
      };
      await run.onPoint("before-attempt", name);
      const work = { order, invocationId: entry.id, displayName: place.displayName, queue: resourceClass, retriesLeft };
      const again = anew ? `-anew-${known?.attempts.length ?? 0}` : ""; // the first work under that id is done
      await enqueue(work, { id: `${run.lease.runId}:${entry.id}:${trial}${again}`, resourceClass });
      run.events.push({ type: "step-start", ...place, attempt: trial });
      await run.onPoint("attempt-started", name);
      return settle(run, request, { watch: watchOf(run), trial });
    },
  };
}

async function settle(
  run: RunContext,
  { entry }: AttemptRequest,
  { watch, trial }: { readonly watch: Watch; readonly trial: number },
): Promise<AttemptResult> {
  try {
    const record = await watch.until(entry.id, trial, run.stop.signal);
    const attempt = record.attempts.at(-1)?.number ?? trial;
    if (record.state === "completed") {
      return { outputs: new Map(record.outputs.map((output) => [output.output, output])), attempt };
    }
    const error = errorOf(record.attempts.findLast(countsAsTrial)?.error ?? null);
    return { error, attempt, again: record.state !== "failed", stopped: false };
  } catch (error) {
    // The run was stopped: the worker that has the attempt loses it here, and stops when it notices.
    const place = { runId: run.lease.runId, invocationId: entry.id, executor: "dbos" };
    const lease = await run.journal.takeAttempt(place);
    await lease.finish({ state: "cancelled", final: true, error: null, artifacts: [] });
    return { error, attempt: lease.number, again: false, stopped: true };
  }
}

/** Attempts whose process died are repeated by DBOS itself and are no trial of the step's retry policy. */
const countsAsTrial = ({ state, error }: AttemptRecord): boolean => state === "failed" && error?.code !== "interrupted";
const trialsOf = (record: InvocationRecord | undefined): number => record?.attempts.filter(countsAsTrial).length ?? 0;

function errorOf(record: ErrorRecord | null): Error {
  const { name, message, stack, code } = record ?? { name: "Error", message: "failed", stack: null, code: null };
  const known = code === null ? null : { code, retryable: false, usage: false };
  return fromSentError({ name, message, stack: stack ?? undefined, known });
}

/** Looks for the ends of attempts of one run, all of them in one question, while any is waited for. */
class Watch {
  readonly #journal: RunJournal;
  readonly #runId: string;
  readonly #wanted = new Map<string, { readonly trial: number; resolve(record: InvocationRecord): void }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(journal: RunJournal, runId: string) {
    this.#journal = journal;
    this.#runId = runId;
  }

  until(invocationId: string, trial: number, signal: AbortSignal): Promise<InvocationRecord> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#wanted.delete(invocationId);
        reject(signal.reason);
      };
      this.#wanted.set(invocationId, {
        trial,
        resolve: (record) => {
          signal.removeEventListener("abort", abort);
          resolve(record);
        },
      });
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS);
    });
  }

  async #look(): Promise<void> {
    try {
      const ids = [...this.#wanted.keys()];
      for (const record of await this.#journal.listInvocations(this.#runId, { ids, attempted: true })) {
        const wanted = this.#wanted.get(record.id);
        if (wanted === undefined) continue;
        if (record.state !== "completed" && trialsOf(record) < wanted.trial) continue;
        this.#wanted.delete(record.id);
        wanted.resolve(record);
      }
    } catch {
      // The database was away for a moment: the next look asks again, and the run's heartbeat tells if it stays away.
    }
    this.#timer = this.#wanted.size > 0 ? setTimeout(() => this.#look(), LOOK_EVERY_MS) : undefined;
  }
}
