/** Schedules: which pipeline runs when, with what, and what becomes of times at which no worker was there. */

import { z } from "zod";
import type { JsonValue } from "../core/json.ts";

/** Any JSON, typed as this project's, which is readonly. */
const Json = z.json() as z.ZodType<unknown, unknown> as z.ZodType<JsonValue, JsonValue>;

/** When a schedule fires: a cron expression in a time zone, every so many seconds from its start, or once. */
export const Trigger = z.union([
  z.object({
    kind: z.literal("cron"),
    /** Five fields, or six with seconds first. */
    expression: z.string(),
    /** IANA, for example `Europe/Berlin`. */
    timeZone: z.string(),
  }),
  z.object({ kind: z.literal("interval"), everySeconds: z.number().positive() }),
  z.object({ kind: z.literal("once"), atMs: z.int() }),
]);
export type Trigger = z.infer<typeof Trigger>;

/**
 * What becomes of times that passed while no worker looked: nothing, one run for the last of them, or a run for each.
 * With `skip` a time that is looked at within a minute still counts as on time.
 */
export const CatchUp = z.enum(["skip", "latest", "all"]);
export type CatchUp = z.infer<typeof CatchUp>;

export const Schedule = z.object({
  format: z.literal("schedule-1"),
  /** Unique: deploying another of the same name replaces it. */
  name: z.string().min(1),
  pipeline: z.string(),
  parameters: Json,
  /** The run's settings. */
  config: Json,
  trigger: Trigger,
  startAtMs: z.int().nullable(),
  endAtMs: z.int().nullable(),
  catchUp: CatchUp,
  queue: z.string(),
  paused: z.boolean(),
  /** Up to when it was looked at: what is later is still to come. */
  seenUntilMs: z.int(),
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
});
export type Schedule = z.infer<typeof Schedule>;

export type NewSchedule = Omit<Schedule, "format" | "paused" | "seenUntilMs" | "createdAtMs" | "updatedAtMs">;

export interface ScheduleStore {
  /**
   * Adds a schedule or replaces the one of its name. What it was seen until stays where the trigger is the same, and
   * so does whether it is paused; a new trigger counts from now.
   */
  save(schedule: NewSchedule): Promise<{ readonly schedule: Schedule; readonly replaced: boolean }>;
  /** In order of their names. */
  list(): Promise<Schedule[]>;
  find(name: string): Promise<Schedule | undefined>;
  /**
   * Pauses it, or lets it go on: from now, so that what passed meanwhile is no more to come, unless it makes up for all.
   *
   * @throws {ScheduleMissingError} (`schedule-missing`)
   */
  setPaused(name: string, paused: boolean): Promise<Schedule>;
  /** Never backwards. Of a schedule that was deleted meanwhile, nothing. */
  markSeen(name: string, untilMs: number): Promise<void>;
  /** @throws {ScheduleMissingError} (`schedule-missing`) */
  delete(name: string): Promise<void>;
}
