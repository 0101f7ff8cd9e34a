/** Door of the schedule store. */

export { ScheduleMissingError } from "./errors.ts";
export { createScheduleStore, scheduleMigrations } from "./schedule-store.ts";
