/**
 * What SQLite and the file system say, in our words. A refusal that the code has caused (a constraint, a name) passes
 * as it is.
 *
 * @source https://www.sqlite.org/rescode.html
 */

import { type DatabaseProblem, DatabaseUnusableError } from "../errors.ts";

const BUSY = 5;

/** By primary result code. */
const PROBLEMS: Record<number, DatabaseProblem> = {
  3: "read-only",
  [BUSY]: "busy",
  8: "read-only",
  10: "inaccessible",
  11: "damaged",
  13: "full",
  14: "inaccessible",
  26: "damaged",
};

/** Of making the folder. */
const FILE_SYSTEM_PROBLEMS: Record<string, DatabaseProblem> = {
  EACCES: "read-only",
  EPERM: "read-only",
  EROFS: "read-only",
  ENOSPC: "full",
  EEXIST: "inaccessible",
  ENOTDIR: "inaccessible",
};

/** Whether another connection holds the lock. */
export const isBusy = (error: unknown): boolean => resultCode(error) === BUSY;

/** One of our errors where the database as a whole is the reason, else `error` itself. */
export function toSqliteError(file: string, error: unknown): unknown {
  const problem = PROBLEMS[resultCode(error)] ?? FILE_SYSTEM_PROBLEMS[systemCode(error)];
  return problem === undefined ? error : new DatabaseUnusableError(file, problem, error);
}

/** The primary code: the lower byte of SQLite's own; 0 of another error. */
function resultCode(error: unknown): number {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
}

function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
