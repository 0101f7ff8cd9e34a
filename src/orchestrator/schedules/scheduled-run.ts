/** The run of one time of a schedule: id, name and request key follow from the two, so that it is made once. */

import type { NewRun } from "../../contracts/run-journal.ts";
import type { Schedule } from "../../contracts/schedules.ts";
import { hashJson, shortHash } from "../../core/hash.ts";
import { expandRunName } from "../run-names.ts";
import type { RunSettings } from "../run-settings.ts";

/**
 * What is queued for one time. `{date}` and `{time}` in the run's name are that time's, however late it is queued.
 *
 * @throws {InvalidDefinitionError} for a placeholder in the run's name that stands for nothing
 */
export function runOf(schedule: Omit<Schedule, "createdAtMs" | "updatedAtMs">, tickMs: number): NewRun {
  const { name, pipeline, parameters, config, queue } = schedule;
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
