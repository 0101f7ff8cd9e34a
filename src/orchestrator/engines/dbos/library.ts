/** DBOS, imported on first use. It keeps one global instance a process, so there is one worker a process. */

import { importLibrary } from "../../../core/optional-library.ts";

export type DbosLibrary = typeof import("@dbos-inc/dbos-sdk");

/** The installed SDK. @throws {LibraryMissingError} */
export function importDbos(): Promise<DbosLibrary> {
  return importLibrary("@dbos-inc/dbos-sdk", "The engine dbos", () => import("@dbos-inc/dbos-sdk"));
}

/**
 * Stands for what the workflows below expect of each other, instead of DBOS's hash of their text: workers of one
 * protocol take each other's workflows over, whatever code their steps have, which the journal looks after.
 */
export const PROTOCOL = "trilith-1";

export const APPLICATION = "trilith";

/** Where pipelines' functions are driven; steps have a queue for each class of resources. */
export const RUN_QUEUE = "trilith-runs";
export const stepQueue = (resourceClass: string): string => `trilith-steps-${resourceClass}`;

export const RUN_WORKFLOW = "run_pipeline";
export const STEP_WORKFLOW = "run_step";
