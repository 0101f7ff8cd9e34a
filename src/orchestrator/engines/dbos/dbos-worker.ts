/**
 * A worker on DBOS: many of them, on many machines, share runs and steps through one PostgreSQL. A pipeline's function
 * is never a workflow of DBOS: it is driven, inside one opaque step, against our journal, by whichever worker has the
 * run; its invocations are workflows of one step each. What a dead worker had is taken over by the others: DBOS's own
 * workflows by whichever worker leads, and runs and attempts through the journal's leases.
 */

import type { RunRecord } from "../../../contracts/runs.ts";
import type { SharedDatabase, Workspace } from "../../../contracts/workspace.ts";
import { isTrilithError, messageOf } from "../../../core/errors.ts";
import { importLibrary } from "../../../core/optional-library.ts";
import { NoSharedDatabaseError } from "../../errors.ts";
import type { Pipeline } from "../../pipeline.ts";
import { goOn } from "../../run-pipeline.ts";
import type { RunOptions } from "../../start-run.ts";
import { assertSameCode, letGo } from "../../worker.ts";
import { createEnqueue } from "./enqueue-steps.ts";
import {
  APPLICATION,
  type DbosLibrary,
  importDbos,
  PROTOCOL,
  RUN_QUEUE,
  RUN_WORKFLOW,
  STEP_WORKFLOW,
  stepQueue,
} from "./library.ts";
import { type EnqueueStep, remoteExecutor } from "./remote-executor.ts";
import { performStep, type StepWork } from "./step-work.ts";

/** What a worker is handed. */
export interface DbosWorkerOptions {
  /** On a shared database. */
  readonly workspace: Workspace;
  /** Classes of resources whose steps it takes: `cpu`, `gpu`. */
  readonly resourceClasses: readonly string[];
  /** Steps at once in this process. Default 4. */
  readonly stepCount?: number;
  /** Runs that this process drives at once. Default 8: driving is waiting. */
  readonly runCount?: number;
  /** How often queues are looked at. Default 50. */
  readonly pollMs?: number;
  /** How often runs that became ready, and workers that died, are looked for. Default 1,000. */
  readonly tickMs?: number;
  readonly run?: Pick<RunOptions, "concurrency" | "graceMs" | "onPoint">;
  readonly lib?: DbosLibrary;
  findPipeline(name: string): Promise<Pipeline>;
  /** Called in every round: queues what is due. */
  tick?(): Promise<unknown>;
  onEnd?(run: RunRecord): void;
}

/**
 * Works until `signal` aborts.
 *
 * @throws {NoSharedDatabaseError} for a workspace without PostgreSQL
 * @throws {LibraryMissingError} when the SDK is not installed
 */
export async function runDbosWorker(options: DbosWorkerOptions, signal: AbortSignal): Promise<void> {
  const { workspace, tickMs = 1_000, pollMs = 50 } = options;
  const { shared } = workspace;
  if (shared === undefined) throw new NoSharedDatabaseError();
  const { DBOS, DBOSClient } = options.lib ?? (await importDbos());
  const { Pool } = (await importLibrary("pg", "The engine dbos", () => import("pg"))).default;
  const pool = new Pool({ connectionString: shared.url, application_name: "trilith" });
  pool.on("error", (error) => workspace.log.debug(error.message)); // the next statement tells it
  const client = await DBOSClient.create({
    systemDatabaseUrl: shared.url,
    systemDatabasePool: pool,
    applicationName: APPLICATION,
    logger: quietLogger(workspace),
  });
  const enqueue = createEnqueue(client, pool);
  const running = new AbortController();
  const drive = DBOS.registerWorkflow(
    (runId: string) =>
      DBOS.runStep(() => driveRun(options, { runId, enqueue, signal: running.signal }), { name: "drive" }),
    { name: RUN_WORKFLOW },
  );
  const perform = DBOS.registerWorkflow(
    // Not a step of DBOS as well: that it was done is in the journal, and a second delivery is noticed there.
    (work: StepWork) => performStep(workspace, work),
    { name: STEP_WORKFLOW },
  );
  void [drive, perform]; // called by name, from the queue
  const queues = [RUN_QUEUE, ...options.resourceClasses.map(stepQueue)];
  DBOS.setConfig({
    name: APPLICATION,
    systemDatabaseUrl: shared.url,
    applicationVersion: PROTOCOL,
    executorID: shared.key,
    listenQueues: queues,
    logger: quietLogger(workspace),
  });
  // It brings its own tables forward, which two processes must not do at once.
  await shared.withLock("trilith-dbos-launch", () => DBOS.launch());
  const { runCount = 8, stepCount = 4 } = options;
  for (const queue of queues) {
    const workerConcurrency = queue === RUN_QUEUE ? runCount : stepCount;
    const onConflict = "always_update" as const;
    await DBOS.registerQueue(queue, { workerConcurrency, minPollingIntervalMs: pollMs, onConflict });
  }
  try {
    while (!signal.aborted) {
      await round(options, { DBOS, client, shared }).catch((error: unknown) => workspace.log.warn(messageOf(error)));
      await workspace.clock.sleep(tickMs, signal).catch(() => undefined); // the loop sees the signal
    }
  } finally {
    running.abort(new DOMException("The worker stops", "AbortError"));
    await DBOS.shutdown({ deregister: true });
    await client.destroy();
    await pool.end();
  }
}

type Dbos = DbosLibrary["DBOS"];
type Client = Awaited<ReturnType<DbosLibrary["DBOSClient"]["create"]>>;

/** What keeps the others' work going; one worker at a time does the parts that must not be done twice. */
async function round(
  options: DbosWorkerOptions,
  { DBOS, client, shared }: { readonly DBOS: Dbos; readonly client: Client; readonly shared: SharedDatabase },
): Promise<void> {
  await options.tick?.();
  await startReadyRuns(options.workspace, client);
  if (!(await shared.tryLock("trilith-dbos-leader"))) return;
  await takeOver(DBOS, shared);
  await cleanUp(DBOS, options.workspace.clock.now());
}

/** Each time that a run becomes ready is one workflow, whoever starts it. */
async function startReadyRuns({ runs, clock }: Workspace, client: Client): Promise<void> {
  const ready = await runs.listRuns({ states: ["queued", "waiting", "interrupted"] });
  for (const { id, state, detached, wakeAtMs, takenCount } of ready) {
    if (state === "waiting" && (wakeAtMs === null || wakeAtMs > clock.now())) continue;
    if (state === "interrupted" && !detached) continue;
    const place = { workflowName: RUN_WORKFLOW, workflowID: `${id}:${takenCount}`, queueName: RUN_QUEUE };
    await client.enqueue({ ...place, appVersion: PROTOCOL }, id);
  }
}

/** Workflows whose worker is gone go back to the queue that they came from. */
async function takeOver(DBOS: Dbos, shared: SharedDatabase): Promise<void> {
  const pending = await DBOS.listWorkflows({ status: "PENDING", applicationVersion: PROTOCOL, loadInput: false });
  const owners = [...new Set(pending.flatMap(({ executorId }) => executorId ?? []))];
  const alive = await shared.isAlive(owners);
  const lost = pending.filter(({ executorId }) => executorId !== undefined && !alive.has(executorId));
  for (const [queueName, workflows] of Map.groupBy(lost, (workflow) => workflow.queueName)) {
    const ids = workflows.map(({ workflowID }) => workflowID);
    await DBOS.resumeWorkflows(ids, queueName === undefined ? {} : { queueName });
  }
}

/** What has ended is in the journal; DBOS's own record of it is kept for an hour. */
async function cleanUp(DBOS: Dbos, nowMs: number): Promise<void> {
  const old = await DBOS.listWorkflows({
    status: ["SUCCESS", "ERROR", "CANCELLED"],
    applicationVersion: PROTOCOL,
    completedBefore: new Date(nowMs - 3_600_000).toISOString(),
    limit: 1_000,
    loadInput: false,
    loadOutput: false,
  });
  if (old.length > 0) await DBOS.deleteWorkflows(old.map(({ workflowID }) => workflowID));
}

/** Drives a run until it ends or waits. Returns how, and never the values: they are artifacts. */
async function driveRun(
  options: DbosWorkerOptions,
  { runId, enqueue, signal }: { readonly runId: string; readonly enqueue: EnqueueStep; readonly signal: AbortSignal },
): Promise<string> {
  const { workspace } = options;
  const { runs } = workspace;
  const run = await runs.findRun(runId);
  if (run === undefined) return "gone";
  const lease = await runs.takeRun(runId).catch((error: unknown) => {
    // Another driver has it, or it has ended meanwhile: this delivery is one too many.
    if (isTrilithError(error) && TAKEN.has(error.code)) return undefined;
    throw error;
  });
  if (lease === undefined) return "taken";
  try {
    const pipeline = await options.findPipeline(run.pipeline);
    await assertSameCode(pipeline, run);
    const executor = remoteExecutor(enqueue);
    const handle = await goOn(pipeline, { run, lease }, { ...options.run, workspace, signal, executor });
    await handle.result;
  } catch (error) {
    await letGo(workspace, { run, lease }, { error, stopped: signal.aborted });
  }
  const after = await runs.findRun(runId);
  if (after) options.onEnd?.(after);
  return after?.state ?? "gone";
}

const TAKEN: ReadonlySet<string> = new Set(["run-alive", "run-completed", "run-lease-lost", "run-not-found"]);

/** DBOS's own log, of which people want the errors. */
function quietLogger({ log }: Workspace) {
  const text = (entry: unknown): string => messageOf(entry);
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (entry: unknown) => log.debug(text(entry)),
    error: (entry: unknown) => log.warn(text(entry)),
  };
}
