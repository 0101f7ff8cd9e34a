/**
 * A worker: takes queued runs, runs that were told what they waited for, and runs whose worker died, and goes on with
 * each here. Many workers share a queue; a run is taken by one of them.
 */

import type { RunRecord } from "../contracts/runs.ts";
import type { Workspace } from "../contracts/workspace.ts";
import { messageOf } from "../core/errors.ts";
import { createCodeDigests } from "./code-digest/code-digest.ts";
import { toErrorRecord } from "./error-record.ts";
import { CodeMismatchError } from "./errors.ts";
import type { Pipeline } from "./pipeline.ts";
import { goOn } from "./run-pipeline.ts";
import type { RunOptions } from "./start-run.ts";

/** What a worker is handed. */
export interface WorkerOptions extends Omit<RunOptions, "workspace" | "journal" | "settings" | "signal"> {
  readonly workspace: Workspace;
  readonly queues: readonly string[];
  /** How many runs go on at once. Each has its own `concurrency` of steps. */
  readonly runCount?: number;
  /** The pipeline of that name in this worker's project. */
  findPipeline(name: string): Promise<Pipeline>;
  /** Called in every round: queues what is due. */
  readonly tick?: () => Promise<unknown>;
  /** How long an idle worker waits before it looks again. Default 500. */
  readonly pollMs?: number;
  /** How many processes a run may end before it is given up. Default 5. */
  readonly maxTakes?: number;
  onStart?(run: RunRecord): void;
  /** Its record after this worker has let go of it. */
  onEnd?(run: RunRecord): void;
}

/** A worker that can be started. */
export interface Worker {
  /** Works until `signal` aborts, or with `untilEmpty` until nothing can be taken. Runs that go on then are put back. */
  run(until: { readonly signal: AbortSignal; readonly untilEmpty?: boolean }): Promise<void>;
}

/** A worker of the queues; it does nothing before `run`. */
export function createWorker(options: WorkerOptions): Worker {
  const { workspace, queues, runCount = 1, pollMs = 500, maxTakes = 5 } = options;
  const { queue } = workspace.runs;
  return {
    async run({ signal, untilEmpty = false }) {
      const going = new Set<Promise<void>>();
      while (!signal.aborted) {
        await options.tick?.();
        const taken = going.size < runCount ? await queue.claim({ queues, maxTakes }) : undefined;
        if (taken) {
          const work = drive(options, taken, signal).finally(() => going.delete(work));
          going.add(work);
          continue;
        }
        if (untilEmpty && going.size === 0) return;
        const pause = workspace.clock.sleep(pollMs, signal).catch(() => undefined); // the loop sees the signal
        await (going.size < runCount ? pause : Promise.race([...going, pause]));
      }
      await Promise.all(going);
    },
  };
}

type Taken = NonNullable<Awaited<ReturnType<Workspace["runs"]["queue"]["claim"]>>>;

/** Goes on with a run until it ends or waits. What goes wrong is in the run's record, and the worker lives on. */
async function drive(options: WorkerOptions, { run, lease }: Taken, signal: AbortSignal): Promise<void> {
  const { workspace } = options;
  options.onStart?.(run);
  try {
    const pipeline = await options.findPipeline(run.pipeline);
    await assertSameCode(pipeline, run);
    const handle = await goOn(pipeline, { run, lease }, { ...options, signal });
    await handle.result;
  } catch (error) {
    await letGo(workspace, { run, lease }, { error, stopped: signal.aborted });
  }
  const after = await workspace.runs.findRun(run.id);
  if (after) options.onEnd?.(after);
}

/** A run that was stopped with its worker goes back to the queue; one that could not even begin is ended. */
export async function letGo(
  { runs, log }: Pick<Workspace, "runs" | "log">,
  { run, lease }: Taken,
  { error, stopped }: { readonly error: unknown; readonly stopped: boolean },
): Promise<void> {
  const now = await runs.findRun(run.id);
  if (now?.state === "cancelled" && stopped && !now.cancelRequested) await runs.queue.requeue(run.id);
  if (now?.state !== "running") return;
  const state = error instanceof CodeMismatchError ? "code-mismatch" : "failed";
  log.warn(`The run ${run.id} ended before it began: ${messageOf(error)}`);
  await lease.finish({ state, error: toErrorRecord(error), outputs: {} });
}

/** A pipeline's code where a run is queued, to be compared with a worker's. `null` where it cannot be told. */
export async function pipelineDigest({ definition }: Pipeline): Promise<string | null> {
  const digests = createCodeDigests({ cacheFile: null });
  return (await digests.digestOf({ ...definition, definedAtMs: 0 })).digest;
}

/** @throws {CodeMismatchError} when the run was queued with other code of its pipeline */
export async function assertSameCode(pipeline: Pipeline, run: RunRecord): Promise<void> {
  if (run.codeDigest === null) return;
  const digest = await pipelineDigest(pipeline);
  if (digest !== run.codeDigest) throw new CodeMismatchError(run.id, pipeline.name);
}
