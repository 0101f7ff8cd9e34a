/** Deploying the schedule of a run configuration. */

import type { NewSchedule, ScheduleStore } from "../../contracts/schedules.ts";
import type { Clock } from "../../core/clock.ts";
import { toJsonValue } from "../json-value.ts";
import type { ScheduleConfig } from "../run-config/schedule-config.ts";
import type { RunSettings } from "../run-settings.ts";
import { runOf } from "./scheduled-run.ts";
import { assertFires } from "./ticks.ts";

/** What a schedule's runs are made of. */
export interface DeployedRun {
  /** `RunConfig.schedule`. */
  readonly schedule: ScheduleConfig;
  /** The pipeline's name. */
  readonly pipeline: string;
  /** As they are given to the pipeline, checked. */
  readonly parameters: unknown;
  readonly settings: RunSettings;
  /** Whose workers take the runs. */
  readonly queue: string;
}

/**
 * Deploys a schedule, or puts it in the place of the one of its name, which is the pipeline's where none is given.
 *
 * @throws {ScheduleInvalidError} (`schedule-invalid`) for one that never fires from now on
 * @throws {NotJsonError} for parameters that are not JSON
 */
export async function deploySchedule(
  { schedule, pipeline, parameters, settings, queue }: DeployedRun,
  { schedules, clock }: { readonly schedules: ScheduleStore; readonly clock: Clock },
): ReturnType<ScheduleStore["save"]> {
  const wanted: NewSchedule = {
    ...schedule,
    name: schedule.name ?? pipeline,
    pipeline,
    parameters: toJsonValue(parameters, `the parameters of ${pipeline}`),
    config: toJsonValue(settings, "the run's settings"),
    queue,
  };
  const nowMs = clock.now();
  await assertFires({ ...wanted, createdAtMs: nowMs }, nowMs);
  runOf({ ...wanted, format: "schedule-1", paused: false, seenUntilMs: nowMs }, nowMs); // its name can be made
  return schedules.save(wanted);
}
