/** Runs for times that have passed: what a schedule would have done, had it been there. */

import type { NewRun, RunJournal } from "../../contracts/run-journal.ts";
import type { RunRecord } from "../../contracts/runs.ts";
import type { Schedule } from "../../contracts/schedules.ts";
import { BackfillTooLargeError } from "./errors.ts";
import { runOf } from "./scheduled-run.ts";
import { ticksBetween } from "./ticks.ts";

/** Which times, and the journal that knows which of them have a run. */
export interface BackfillRange {
  readonly runs: Pick<RunJournal, "findRun" | "queue">;
  /** Both ends belong to the range. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Default 1,000. */
  readonly limit?: number;
}

/**
 * Queues every time of the range that has no run yet, and gives these runs.
 *
 * @throws {BackfillTooLargeError} (`backfill-too-large`) when the range has more times than `limit`
 */
export async function backfill(schedule: Schedule, range: BackfillRange): Promise<RunRecord[]> {
  const queued: RunRecord[] = [];
  for (const run of await planBackfill(schedule, range)) queued.push(await range.runs.queue.enqueue(run));
  return queued;
}

/** The runs that `backfill` would queue. @throws {BackfillTooLargeError} */
export async function planBackfill(
  schedule: Schedule,
  { runs, fromMs, toMs, limit = 1_000 }: BackfillRange,
): Promise<NewRun[]> {
  const ticks = await ticksBetween(schedule, { afterMs: fromMs - 1, untilMs: toMs, limit: limit + 1 });
  if (ticks.length > limit) throw new BackfillTooLargeError(schedule.name, limit);
  const wanted: NewRun[] = [];
  for (const run of ticks.map((tick) => runOf(schedule, tick))) {
    const found = await runs.findRun(run.id);
    if (found?.requestKey !== run.requestKey) wanted.push(run);
  }
  return wanted;
}
