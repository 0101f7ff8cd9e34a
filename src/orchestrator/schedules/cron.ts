/**
 * Cron expressions and time zones, read by croner, which is loaded on first use. An hour that a change of clocks leaves
 * out fires right after the gap; one that comes twice fires once, unless minute or hour is a `*`.
 */

import type { Cron } from "croner";
import { messageOf } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { ScheduleInvalidError } from "./errors.ts";

/** As they stand in six fields; with five the first is left out. */
const FIELDS = [
  ["second", "0-59"],
  ["minute", "0-59"],
  ["hour", "0-23"],
  ["day of the month", "1-31 or L, the last"],
  ["month", "1-12 or JAN-DEC"],
  ["weekday", "0-7 or SUN-SAT, with # for the how-manieth"],
] as const;

/** @throws {ScheduleInvalidError} for an expression or a zone that cannot be read */
export async function parseCron(expression: string, timeZone: string): Promise<Cron> {
  const problem = timeZoneProblem(timeZone) ?? (await cronProblem(expression));
  if (problem !== undefined) throw new ScheduleInvalidError(`${expression} (${timeZone})`, problem);
  return openCron(expression, timeZone);
}

/** What is wrong with an expression, with the field that it is in; `undefined` when nothing is. */
export async function cronProblem(expression: string): Promise<string | undefined> {
  const found = expression.trim().split(/\s+/);
  if (!expression.trim().startsWith("@") && found.length !== 5 && found.length !== 6)
    return `it has ${found.length} fields; expected five (minute, hour, day of the month, month, weekday), or six with seconds first`;
  const problem = await problemOf(expression);
  if (problem === undefined) return undefined;
  for (const [i, value] of found.entries()) {
    const place = i + FIELDS.length - found.length;
    const [field, range] = FIELDS[place] ?? ["field", "a cron field"];
    const alone = ["0", "*", "*", "*", "*", "*"].with(place, value).join(" ");
    if ((await problemOf(alone)) !== undefined)
      return `the ${field} ${JSON.stringify(value)} cannot be read; expected ${range}, as in *, 1,5 or 1-5 or */5`;
  }
  return problem;
}

/** What is wrong with a time zone, `undefined` when nothing is. */
export function timeZoneProblem(timeZone: string): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return undefined;
  } catch {
    const meant = nearest(timeZone, Intl.supportedValuesOf("timeZone")) ?? "Europe/Berlin or UTC";
    return `the time zone ${JSON.stringify(timeZone)} is not known; expected an IANA name such as ${meant}`;
  }
}

/**
 * A moment written in ISO 8601: a date, or a date and a time. Without an offset it is the zone's.
 *
 * @returns milliseconds since the Unix epoch; `undefined` for what is no such moment
 */
export async function parseMoment(text: string, timeZone: string): Promise<number | undefined> {
  const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,3})?(Z|[+-]\d\d:\d\d)?)?$/;
  const [, date, time = "00:00", seconds = ":00", fraction = "", offset] = pattern.exec(text.trim()) ?? [];
  const local = `${date}T${time}${seconds}`;
  const asUtc = new Date(`${local}Z`);
  const isThere = !Number.isNaN(asUtc.getTime()) && asUtc.toISOString().startsWith(local); // no 30 February
  if (date === undefined || !isThere) return undefined;
  if (offset !== undefined) {
    const ms = Date.parse(`${local}${fraction}${offset}`);
    return Number.isNaN(ms) ? undefined : ms;
  }
  const once = (await openCron(local, timeZone)).getOnce();
  return once === null ? undefined : once.getTime() + 1_000 * Number(fraction || 0);
}

async function problemOf(expression: string): Promise<string | undefined> {
  try {
    await openCron(expression, "UTC");
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^CronPattern: |\.$/g, "");
  }
}

async function openCron(expression: string, timezone: string): Promise<Cron> {
  const croner = await import("croner");
  return new croner.Cron(expression, { timezone, mode: "5-or-6-parts", paused: true });
}
