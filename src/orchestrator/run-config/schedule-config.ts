/** `schedule:` of a run configuration, with ZenML's keys and a time zone, as the values that they mean. */

import { z } from "zod";
import { CatchUp, type Schedule, type Trigger } from "../../contracts/schedules.ts";
import { cronProblem, parseMoment, timeZoneProblem } from "../schedules/cron.ts";
import { ticksBetween } from "../schedules/ticks.ts";

/** The keys as they are written. Times are ISO 8601; without an offset they are in `time_zone`. */
export const ScheduleKeys = z.strictObject({
  name: z.string().min(1).optional(),
  /** Five fields, or six with seconds first. */
  cron_expression: z.string().optional(),
  interval_second: z.number().min(1).optional(),
  run_once_start_time: z.string().optional(),
  start_time: z.string().optional(),
  end_time: z.string().optional(),
  /** IANA, of `cron_expression` and the times; ZenML has none. Default UTC. */
  time_zone: z.string().optional(),
  /** ZenML's yes and no, or a policy. */
  catchup: z.union([z.boolean(), CatchUp], { error: "expected true, false, skip, latest or all" }).optional(),
});
export type ScheduleKeys = z.infer<typeof ScheduleKeys>;

/** When a pipeline is to run. Without a name it has the pipeline's. */
export type ScheduleConfig = Pick<Schedule, "trigger" | "startAtMs" | "endAtMs" | "catchUp"> & {
  readonly name: string | null;
};

/** Something that is wrong: with a key, or with the keys together. */
export interface ScheduleIssue {
  readonly key: keyof ScheduleKeys | null;
  readonly message: string;
}

const TRIGGERS = ["cron_expression", "interval_second", "run_once_start_time"] as const;

/** Reads the keys; `config` is there when there are no issues. */
export async function toScheduleConfig(
  keys: ScheduleKeys,
): Promise<{ readonly config: ScheduleConfig | null; readonly issues: readonly ScheduleIssue[] }> {
  const { time_zone: timeZone = "UTC", interval_second: everySeconds, cron_expression: expression } = keys;
  const issues: ScheduleIssue[] = [];
  const refuse = (key: ScheduleIssue["key"], message: string | undefined): void => {
    if (message !== undefined) issues.push({ key, message });
  };
  const zoneProblem = timeZoneProblem(timeZone);
  refuse("time_zone", zoneProblem);
  const readTime = async (key: "start_time" | "end_time" | "run_once_start_time"): Promise<number | null> => {
    const text = keys[key];
    if (text === undefined || zoneProblem !== undefined) return null;
    const ms = await parseMoment(text, timeZone);
    if (ms === undefined)
      refuse(key, `"${text}" is no moment; expected ISO 8601, as 2026-11-30, 2026-11-30T08:00 or 2026-11-30T08:00:00Z`);
    return ms ?? null;
  };
  const startAtMs = await readTime("start_time");
  const endAtMs = await readTime("end_time");
  const atMs = await readTime("run_once_start_time");
  if (expression !== undefined) refuse("cron_expression", await cronProblem(expression));
  refuse(null, triggerProblem(keys));
  const trigger: Trigger =
    expression !== undefined
      ? { kind: "cron", expression, timeZone }
      : everySeconds !== undefined
        ? { kind: "interval", everySeconds }
        : { kind: "once", atMs: atMs ?? 0 };
  const when = { trigger, startAtMs, endAtMs };
  if (issues.length === 0 && !(await everFires(when)))
    refuse(expression === undefined ? null : "cron_expression", "it never fires: no such time comes within its bounds");
  if (issues.length > 0) return { config: null, issues };
  return { config: { name: keys.name ?? null, ...when, catchUp: toCatchUp(keys.catchup) }, issues };
}

function triggerProblem(keys: ScheduleKeys): string | undefined {
  const given = TRIGGERS.filter((key) => keys[key] !== undefined);
  if (given.length === 1) return undefined;
  const found = given.length === 0 ? "it says no time" : `it has ${given.join(" and ")}`;
  return `${found}; expected one of ${TRIGGERS.join(", ")}`;
}

/** Whether there is any time at all: no 30 February, no end before the start. */
async function everFires(when: Pick<Schedule, "trigger" | "startAtMs" | "endAtMs">): Promise<boolean> {
  const fromMs = when.startAtMs ?? 0;
  const range = { afterMs: fromMs - 1, untilMs: Number.POSITIVE_INFINITY, limit: 1 };
  return (await ticksBetween({ ...when, createdAtMs: fromMs }, range)).length > 0;
}

/** ZenML's `true` makes up for every time that was missed, its `false` for the latest, which is also the default. */
function toCatchUp(catchup: ScheduleKeys["catchup"]): CatchUp {
  if (typeof catchup === "boolean") return catchup ? "all" : "latest";
  return catchup ?? "latest";
}
