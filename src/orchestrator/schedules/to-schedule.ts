/** From the `schedule` of a run configuration, with ZenML's keys, to a schedule that can be deployed. */

import type { CatchUp, NewSchedule, ScheduleStore, Trigger } from "../../contracts/schedules.ts";
import type { Clock } from "../../core/clock.ts";
import type { JsonValue } from "../../core/json.ts";
import type { ConfigDocument } from "../run-config/config-schema.ts";
import type { RunSettings } from "../run-settings.ts";
import { ScheduleInvalidError } from "./errors.ts";
import { assertFires } from "./ticks.ts";

export type ScheduleConfig = NonNullable<ConfigDocument["schedule"]>;

/**
 * Deploys what a configuration says: a new schedule, or another in place of the one of its name, which is the
 * pipeline's where none is given.
 *
 * @throws {ScheduleInvalidError} for one that cannot be read, has no trigger or several, or never fires
 */
export async function deploySchedule(
  given: {
    readonly schedule: ScheduleConfig;
    readonly pipeline: string;
    readonly parameters: JsonValue;
    readonly settings: RunSettings;
    readonly queue: string;
  },
  { schedules, clock }: { readonly schedules: ScheduleStore; readonly clock: Clock },
): ReturnType<ScheduleStore["save"]> {
  const { schedule, pipeline, parameters, settings, queue } = given;
  const startAtMs = toMs("start_time", schedule.start_time);
  const wanted: NewSchedule = {
    name: schedule.name ?? pipeline,
    pipeline,
    parameters,
    config: settings as JsonValue, // settings are made of JSON
    trigger: toTrigger(schedule),
    startAtMs,
    endAtMs: toMs("end_time", schedule.end_time),
    catchUp: toCatchUp(schedule.catchup),
    queue,
  };
  const nowMs = clock.now();
  await assertFires({ ...wanted, createdAtMs: nowMs }, nowMs);
  return schedules.save(wanted);
}

function toTrigger({ cron_expression, time_zone, interval_second, run_once_start_time }: ScheduleConfig): Trigger {
  const given = [cron_expression, interval_second, run_once_start_time].filter((each) => each !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "it has no trigger" : "it has several triggers";
    throw new ScheduleInvalidError(
      JSON.stringify(given),
      `${found}: give one of cron_expression, interval_second, run_once_start_time`,
    );
  }
  if (cron_expression !== undefined) return { kind: "cron", expression: cron_expression, timeZone: time_zone ?? "UTC" };
  if (interval_second !== undefined) return { kind: "interval", everySeconds: interval_second };
  return { kind: "once", atMs: toMs("run_once_start_time", run_once_start_time) ?? 0 };
}

function toMs(key: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new ScheduleInvalidError(`${key}: ${text}`, "it is no ISO 8601 time");
  return ms;
}

/** ZenML's yes and no, or a policy by name. Without either: one run for all that was missed. */
function toCatchUp(catchup: ScheduleConfig["catchup"]): CatchUp {
  if (typeof catchup === "boolean") return catchup ? "all" : "skip";
  return catchup ?? "latest";
}
