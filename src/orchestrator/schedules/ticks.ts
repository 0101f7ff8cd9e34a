/** When a schedule fires, as pure arithmetic over times. */

import type { Schedule, Trigger } from "../../contracts/schedules.ts";
import { messageOf } from "../../core/errors.ts";
import { ScheduleInvalidError } from "./errors.ts";

type When = Pick<Schedule, "trigger" | "startAtMs" | "endAtMs" | "createdAtMs">;

/** The times after `afterMs` up to `untilMs`, at most `limit`, in order. */
export async function ticksBetween(
  schedule: When,
  { afterMs, untilMs, limit }: { readonly afterMs: number; readonly untilMs: number; readonly limit: number },
): Promise<number[]> {
  const first = Math.max(afterMs, (schedule.startAtMs ?? Number.NEGATIVE_INFINITY) - 1);
  const last = Math.min(untilMs, schedule.endAtMs ?? Number.POSITIVE_INFINITY);
  const next = await nextOf(schedule);
  const ticks: number[] = [];
  for (let tick = next(first); tick !== null && tick <= last && ticks.length < limit; tick = next(tick))
    ticks.push(tick);
  return ticks;
}

/** The first time after a moment, or `null` when there is none. */
async function nextOf({ trigger, startAtMs, createdAtMs }: When): Promise<(afterMs: number) => number | null> {
  switch (trigger.kind) {
    case "once":
      return (afterMs) => (trigger.atMs > afterMs ? trigger.atMs : null);
    case "interval": {
      const [originMs, everyMs] = [startAtMs ?? createdAtMs, trigger.everySeconds * 1_000];
      return (afterMs) =>
        originMs + everyMs * Math.max(startAtMs === null ? 1 : 0, Math.floor((afterMs - originMs) / everyMs) + 1);
    }
    case "cron": {
      const cron = await parseCron(trigger);
      return (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null;
    }
    default:
      return trigger satisfies never;
  }
}

/**
 * Checks a trigger.
 *
 * @throws {ScheduleInvalidError} for an expression or zone that cannot be read, or one that never fires
 */
export async function assertFires(schedule: When, nowMs: number): Promise<void> {
  const [next] = await ticksBetween(schedule, { afterMs: nowMs, untilMs: Number.POSITIVE_INFINITY, limit: 1 });
  if (next === undefined)
    throw new ScheduleInvalidError(describeTrigger(schedule.trigger), "it never fires from now on");
}

async function parseCron({ expression, timeZone }: Trigger & { kind: "cron" }) {
  const { Cron } = await import("croner");
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return new Cron(expression, { timezone: timeZone, mode: "5-or-6-parts", paused: true });
  } catch (error) {
    throw new ScheduleInvalidError(`${expression} in ${timeZone}`, messageOf(error));
  }
}

/** A trigger in a line, for people. */
export function describeTrigger(trigger: Trigger): string {
  if (trigger.kind === "cron") return `${trigger.expression} (${trigger.timeZone})`;
  if (trigger.kind === "interval") return `every ${trigger.everySeconds} s`;
  return `once at ${new Date(trigger.atMs).toISOString()}`;
}
