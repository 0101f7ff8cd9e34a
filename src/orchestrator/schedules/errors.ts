/** What can be wrong with a schedule. */

import { TrilithError } from "../../core/errors.ts";

/** Thrown for a schedule that cannot be read, or never fires. */
export class ScheduleInvalidError extends TrilithError {
  override readonly code = "schedule-invalid";
  override readonly usage = true;

  constructor(trigger: string, reason: string) {
    super(
      `The schedule ${trigger} cannot be used: ${reason}; expected a cron expression, an interval ` +
        "or a moment that still comes. Mend the keys of schedule:, and deploy it again.",
    );
  }
}

/** Thrown when a range has more times than are queued at once. */
export class BackfillTooLargeError extends TrilithError {
  override readonly code = "backfill-too-large";
  override readonly usage = true;

  constructor(name: string, limit: number) {
    super(
      `The range has more than ${limit} times of the schedule ${name}; expected at most that many runs. ` +
        "Give a shorter range, or raise --limit.",
    );
  }
}
