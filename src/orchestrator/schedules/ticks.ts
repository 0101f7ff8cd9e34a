/** The times of a schedule as arithmetic: nothing here waits, and nothing knows what time it is now. */

import type { Schedule, Trigger } from "../../contracts/schedules.ts";
import { parseCron } from "./cron.ts";
import { ScheduleInvalidError } from "./errors.ts";

type When = Pick<Schedule, "trigger" | "startAtMs" | "endAtMs" | "createdAtMs">;

/**
 * The times after `afterMs` up to `untilMs`, at most `limit`, in order.
 *
 * @throws {ScheduleInvalidError} for a cron expression or time zone that cannot be read
 */
export async function ticksBetween(
  schedule: When,
  { afterMs, untilMs, limit }: { readonly afterMs: number; readonly untilMs: number; readonly limit: number },
): Promise<number[]> {
  const { next } = await timesOf(schedule);
  const last = Math.min(untilMs, schedule.endAtMs ?? Number.POSITIVE_INFINITY);
  const ticks: number[] = [];
  const first = Math.max(afterMs, (schedule.startAtMs ?? Number.NEGATIVE_INFINITY) - 1);
  for (let tick = next(first); tick !== null && tick <= last && ticks.length < limit; tick = next(tick))
    ticks.push(tick);
  return ticks;
}

/** The latest time after `afterMs` up to `untilMs`, found at once however many there are. */
export async function lastTick(
  schedule: When,
  { afterMs, untilMs }: { readonly afterMs: number; readonly untilMs: number },
): Promise<number | undefined> {
  const { last } = await timesOf(schedule);
  const tick = last(Math.min(untilMs, schedule.endAtMs ?? Number.POSITIVE_INFINITY));
  return tick !== null && tick > afterMs && tick >= (schedule.startAtMs ?? tick) ? tick : undefined;
}

/**
 * Checks that a schedule has a time after `nowMs`.
 *
 * @throws {ScheduleInvalidError} for one that never fires again, or cannot be read
 */
export async function assertFires(schedule: When, nowMs: number): Promise<void> {
  const [next] = await ticksBetween(schedule, { afterMs: nowMs, untilMs: Number.POSITIVE_INFINITY, limit: 1 });
  if (next === undefined)
    throw new ScheduleInvalidError(describeTrigger(schedule.trigger), "it never fires from now on");
}

/** A trigger in a line, for people. */
export function describeTrigger(trigger: Trigger): string {
  if (trigger.kind === "cron") return `${trigger.expression} (${trigger.timeZone})`;
  if (trigger.kind === "interval") return `every ${trigger.everySeconds} s`;
  return `once at ${new Date(trigger.atMs).toISOString()}`;
}

interface Times {
  /** The first after a moment. */
  next(afterMs: number): number | null;
  /** The last up to a moment. */
  last(untilMs: number): number | null;
}

/** The times of a trigger, without regard to start and end. */
async function timesOf({ trigger, startAtMs, createdAtMs }: When): Promise<Times> {
  switch (trigger.kind) {
    case "once":
      return {
        next: (afterMs) => (trigger.atMs > afterMs ? trigger.atMs : null),
        last: (untilMs) => (trigger.atMs <= untilMs ? trigger.atMs : null),
      };
    case "interval": {
      const everyMs = Math.round(trigger.everySeconds * 1_000);
      // Counted from its start, or without one from one interval after it was deployed.
      const originMs = startAtMs ?? createdAtMs + everyMs;
      const countAt = (ms: number): number => Math.floor((ms - originMs) / everyMs);
      return {
        next: (afterMs) => originMs + everyMs * Math.max(0, countAt(afterMs) + 1),
        last: (untilMs) => (untilMs < originMs ? null : originMs + everyMs * countAt(untilMs)),
      };
    }
    case "cron": {
      const cron = await parseCron(trigger.expression, trigger.timeZone);
      return {
        next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null,
        // A run of the second that the moment is in is among the previous ones, but for its first millisecond.
        last: (untilMs) => cron.previousRuns(1, new Date(untilMs + 1))[0]?.getTime() ?? null,
      };
    }
    default:
      return trigger satisfies never;
  }
}
