/** `trilith worker`: runs what is queued, until it is stopped. */

import { availableParallelism } from "node:os";
import type { RunRecord } from "../../contracts/runs.ts";
import { createScheduler, createWorker, runDbosWorker } from "../../orchestrator/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findPipeline } from "../find-declared.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";

interface WorkerOptions {
  readonly queues: string;
  readonly concurrency?: string;
  readonly once?: boolean;
}

/** Takes runs of its queues; Ctrl-C lets the running ones stop, and puts them back. */
export async function workerCommand(context: CommandContext, options: WorkerOptions): Promise<void> {
  const { terminal, signal } = context;
  const queues = options.queues.split(",").map((queue) => queue.trim());
  const concurrency =
    options.concurrency === undefined
      ? Math.min(4, availableParallelism())
      : parseCount("--concurrency", options.concurrency);
  const ended: Pick<RunRecord, "id" | "state">[] = [];
  const onEnd = ({ id, state, error }: RunRecord): void => {
    ended.push({ id, state });
    const mark = state === "completed" ? terminal.color.green("✓") : terminal.color.yellow("–");
    terminal.note(`${mark} ${id} ${state}${error === null ? "" : `: ${error.message}`}`);
  };
  await withProject(context, async (workspace) => {
    const schedules = await workspace.open("schedules");
    const { clock, log, runs } = workspace;
    const { tick } = createScheduler({ schedules, queue: runs.queue, clock, log });
    if (workspace.engine === "dbos") {
      terminal.note(`Working on ${queues.join(", ")} with DBOS (Ctrl-C stops)`);
      const resourceClasses = queues.map((queue) => (queue === "default" ? "cpu" : queue));
      await runDbosWorker({ workspace, resourceClasses, stepCount: concurrency, findPipeline, tick, onEnd }, signal);
      return;
    }
    const worker = createWorker({
      workspace,
      queues,
      runCount: concurrency,
      findPipeline,
      tick,
      onStart: ({ id }) => terminal.note(`${terminal.color.dim("run")} ${id}`),
      onEnd,
    });
    terminal.note(`Working on ${queues.join(", ")}, ${concurrency} runs at once (Ctrl-C stops)`);
    await worker.run({ signal, untilEmpty: options.once === true });
  });
  terminal.printJson(ended);
}
