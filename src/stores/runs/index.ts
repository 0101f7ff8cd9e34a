/** Door of the run journal: runs, invocations, artifacts, logs and metrics over SQL. */

export { RunAliveError, RunCompletedError, RunLeaseLostError, RunNotFoundError } from "./errors.ts";
export { type Processes, systemProcesses } from "./process-identity.ts";
export { createRunJournal, type RunJournalOptions } from "./run-journal.ts";
export { runMigrations } from "./tables.ts";
