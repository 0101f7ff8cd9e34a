/**
 * Queues what is due. Each time of a schedule has a request key, so that two workers, or one that died between queueing
 * and remembering, never make two runs of it.
 */

import type { NewRun, RunQueue } from "../../contracts/run-journal.ts";
import type { RunRecord } from "../../contracts/runs.ts";
import type { Schedule, ScheduleStore } from "../../contracts/schedules.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { expandRunName } from "../run-names.ts";
import type { RunSettings } from "../run-settings.ts";
import { BackfillTooLargeError } from "./errors.ts";
import { ticksBetween } from "./ticks.ts";

/** Times that are looked at in one round; the rest comes in the next. */
const TICKS_AT_ONCE = 1_000;

export interface SchedulerParts {
  readonly schedules: ScheduleStore;
  readonly queue: RunQueue;
  readonly clock: Clock;
}

/** Queues the runs that have become due since each schedule was last looked at, by its catch-up policy. */
export async function queueDueRuns({ schedules, queue, clock }: SchedulerParts): Promise<RunRecord[]> {
  const queued: RunRecord[] = [];
  for (const schedule of await schedules.list()) {
    const nowMs = clock.now();
    if (nowMs <= schedule.seenUntilMs) continue;
    if (schedule.paused) {
      // What passes while it is paused is not made up for, unless it makes up for everything.
      if (schedule.catchUp !== "all") await schedules.markSeen(schedule.name, nowMs);
      continue;
    }
    const ticks = await ticksBetween(schedule, {
      afterMs: schedule.seenUntilMs,
      untilMs: nowMs,
      limit: TICKS_AT_ONCE,
    });
    if (ticks.length === 0) continue;
    for (const tick of chosen(schedule, ticks, nowMs)) queued.push(await queue.enqueue(runOf(schedule, tick)));
    await schedules.markSeen(schedule.name, ticks.at(-1) ?? nowMs);
  }
  return queued;
}

/** How late a tick may be and still count as on time: a worker looks every second. */
const ON_TIME_MS = 60_000;

function chosen({ catchUp }: Schedule, ticks: readonly number[], nowMs: number): readonly number[] {
  if (catchUp === "all") return ticks;
  const last = ticks.slice(-1);
  return catchUp === "latest" ? last : last.filter((tick) => nowMs - tick <= ON_TIME_MS);
}

/**
 * Queues every time of the range that has no run yet.
 *
 * @throws {BackfillTooLargeError} when there are more than `limit`
 */
export async function backfill(
  schedule: Schedule,
  { queue, ...range }: { readonly queue: RunQueue; fromMs: number; toMs: number; limit: number },
): Promise<RunRecord[]> {
  const runs = await planBackfill(schedule, range);
  const queued: RunRecord[] = [];
  for (const run of runs) queued.push(await queue.enqueue(run));
  return queued;
}

/** The runs that `backfill` would queue. @throws {BackfillTooLargeError} */
export async function planBackfill(
  schedule: Schedule,
  { fromMs, toMs, limit }: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
): Promise<NewRun[]> {
  const ticks = await ticksBetween(schedule, { afterMs: fromMs - 1, untilMs: toMs, limit: limit + 1 });
  if (ticks.length > limit) throw new BackfillTooLargeError(schedule.name, limit);
  return ticks.map((tick) => runOf(schedule, tick));
}

/** The run of one time: its id follows from the schedule and the time. */
export function runOf({ name, pipeline, parameters, config, queue }: Schedule, tickMs: number): NewRun {
  const at = new Date(tickMs).toISOString();
  const requestKey = `schedule:${name}:${at}`;
  const [date = "", time = ""] = at.split("T");
  const stamp = `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
  const id = `${pipeline}-${stamp}-${shortHash(hashJson(requestKey)).slice(0, 6)}`;
  const settings = config as RunSettings; // stored from RunSettings when the schedule was deployed
  const { substitutions = {}, tags = [] } = settings;
  return {
    id,
    name: expandRunName(settings.name ?? id, { nowMs: tickMs, pipeline, substitutions }),
    pipeline,
    parameters,
    config,
    tags: [...tags, `schedule:${name}`],
    queue,
    detached: true,
    requestKey,
  };
}
