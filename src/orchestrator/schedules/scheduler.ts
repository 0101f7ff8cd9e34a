/**
 * Queues what is due. Each time of a schedule has a request key, so that two workers, or one that died between queueing
 * and remembering, never make two runs of it.
 */

import { type Logger, silentLogger } from "../../contracts/logger.ts";
import type { NewRun, RunQueue } from "../../contracts/run-journal.ts";
import type { RunRecord } from "../../contracts/runs.ts";
import type { Schedule, ScheduleStore } from "../../contracts/schedules.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { runOf } from "./scheduled-run.ts";
import { lastTick, ticksBetween } from "./ticks.ts";

/** Of a schedule that makes up for everything: times in one round, between which a worker works; each is one commit. */
const TICKS_AT_ONCE = 100;
/** How late a time may be looked at and still count as on time, for a schedule that makes up for nothing. */
const ON_TIME_MS = 60_000;

/** What a scheduler is handed; warnings of schedules that cannot be read go to the log. */
export interface SchedulerParts {
  readonly schedules: Pick<ScheduleStore, "list" | "markSeen">;
  readonly queue: Pick<RunQueue, "enqueue">;
  readonly clock: Pick<Clock, "now">;
  readonly log?: Logger;
}

/** What one look at all schedules did. */
export interface SchedulerRound {
  /** The runs of what was due, also where another worker was faster. */
  readonly queued: readonly RunRecord[];
  /** When the next time comes; `null` when none does. */
  readonly nextAtMs: number | null;
}

/** Looks at all schedules, as often as it is asked to. Everything it must not forget is in the store. */
export interface Scheduler {
  /**
   * Queues the runs that have become due since each schedule was last looked at, by its catch-up policy.
   * While nothing is due this is one query. A schedule that cannot be read is warned about once, and holds up no other.
   */
  tick(): Promise<SchedulerRound>;
}

interface Upcoming {
  /** The schedule that it was computed from, and what had been seen of it. */
  readonly key: string;
  /** `undefined` when none comes, or it cannot be told. */
  readonly atMs: number | undefined;
}

/** A scheduler over a store of schedules and a queue of runs. */
export function createScheduler({ schedules, queue, clock, log = silentLogger }: SchedulerParts): Scheduler {
  const upcoming = new Map<string, Upcoming>();
  /** The first time that nobody has seen, computed once. */
  const firstUnseen = async (schedule: Schedule): Promise<number | undefined> => {
    const key = JSON.stringify(schedule);
    const known = upcoming.get(schedule.name);
    if (known?.key === key) return known.atMs;
    const atMs = await nextAfter(schedule, schedule.seenUntilMs).catch((error: unknown) => {
      log.warn(`The schedule ${schedule.name} is left out: ${messageOf(error)}`);
      return undefined;
    });
    upcoming.set(schedule.name, { key, atMs });
    return atMs;
  };
  return {
    async tick() {
      const nowMs = clock.now();
      const queued: RunRecord[] = [];
      const next: number[] = [];
      for (const schedule of (await schedules.list()).filter(({ paused }) => !paused)) {
        const firstMs = await firstUnseen(schedule);
        if (firstMs === undefined) continue;
        if (firstMs > nowMs) {
          next.push(firstMs);
          continue;
        }
        const { runs, seenUntilMs } = await planOf(schedule, nowMs);
        for (const run of runs) queued.push(await queue.enqueue(run));
        await schedules.markSeen(schedule.name, seenUntilMs);
        const nextMs = await nextAfter(schedule, seenUntilMs);
        if (nextMs !== undefined) next.push(nextMs);
      }
      return { queued, nextAtMs: next.length === 0 ? null : Math.min(...next) };
    },
  };
}

/** The runs of what is due, and up to when that is everything. */
async function planOf(schedule: Schedule, nowMs: number): Promise<{ runs: NewRun[]; seenUntilMs: number }> {
  const range = { afterMs: schedule.seenUntilMs, untilMs: nowMs };
  if (schedule.catchUp === "all") {
    const ticks = await ticksBetween(schedule, { ...range, limit: TICKS_AT_ONCE });
    return { runs: ticks.map((tick) => runOf(schedule, tick)), seenUntilMs: ticks.at(-1) ?? nowMs };
  }
  const tick = await lastTick(schedule, range);
  const wanted = tick !== undefined && (schedule.catchUp === "latest" || nowMs - tick <= ON_TIME_MS);
  return { runs: wanted ? [runOf(schedule, tick)] : [], seenUntilMs: tick ?? nowMs };
}

/** The next time after a moment, of a schedule whose run can be made. */
async function nextAfter(schedule: Schedule, afterMs: number): Promise<number | undefined> {
  const [tick] = await ticksBetween(schedule, { afterMs, untilMs: Number.POSITIVE_INFINITY, limit: 1 });
  if (tick !== undefined) runOf(schedule, tick);
  return tick;
}
