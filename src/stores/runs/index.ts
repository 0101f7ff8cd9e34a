/** Door of the run journal: runs, their queue, invocations, artifacts, logs and metrics over SQL. */

export {
  ArtifactInUseError,
  AttemptLostError,
  RunAliveError,
  RunCompletedError,
  RunEndedError,
  RunLeaseLostError,
  RunNotFoundError,
} from "./errors.ts";
export { type Liveness, type SharedSession, systemLiveness } from "./liveness.ts";
export { runMigrations } from "./migrations.ts";
export { createRunJournal, type RunJournalOptions } from "./run-journal.ts";
