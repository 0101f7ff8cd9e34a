/**
 * What `pg` throws, in our words. A refusal that the code has caused (a constraint, a name) passes as it is.
 *
 * @source https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

import {
  DatabaseConflictError,
  DatabaseConnectionLostError,
  type DatabaseProblem,
  DatabaseUnreachableError,
  DatabaseUnusableError,
} from "../errors.ts";

/** User, host and database of a URL; never its password. */
export function nameOfDatabase(url: string): string {
  const { username, host, pathname, searchParams } = new URL(url);
  const at = host === "" ? (searchParams.get("host") ?? "localhost") : host;
  return `${decodeURIComponent(username)}@${at}${pathname}`;
}

const REMEDIES: Record<string, string> = {
  "28P01": "Correct the user or the password in TRILITH_DATABASE_URL",
  "28000": "Correct the user in TRILITH_DATABASE_URL, or allow it in the server's pg_hba.conf",
  "3D000": "Create the database (createdb), or correct its name in TRILITH_DATABASE_URL",
  "53300": "Close other connections, or raise the server's max_connections",
  "57P03": "It is starting or stopping: try again in a moment",
};

/** What a failed attempt to connect is. */
export function toUnreachable(database: string, cause: unknown): DatabaseUnreachableError {
  const remedy = REMEDIES[codeOf(cause)] ?? "Check that it runs, and the host and port in TRILITH_DATABASE_URL";
  return new DatabaseUnreachableError(database, remedy, cause);
}

const PROBLEMS: Record<string, DatabaseProblem> = {
  "53100": "full",
  "25006": "read-only",
  "42501": "read-only",
  "55P03": "busy",
  XX001: "damaged",
  XX002: "damaged",
};
const CONFLICTS = new Set(["40P01", "40001"]);
const LOST = /^(08|57P|25P03|ECONNRESET$|EPIPE$|ETIMEDOUT$|ECONNREFUSED$)/;
/** What the client says of a connection that it has lost: these errors carry no code. */
const LOST_WITHOUT_CODE = /connection terminated|not queryable|client was closed/i;

/** What a failed statement is: one of our errors where the database as a whole is the reason, else `error` itself. */
export function toStatementError(database: string, error: unknown): unknown {
  const code = codeOf(error);
  const problem = PROBLEMS[code];
  if (problem !== undefined) return new DatabaseUnusableError(database, problem, error);
  if (CONFLICTS.has(code)) return new DatabaseConflictError(database, error);
  const lost = code === "" ? error instanceof Error && LOST_WITHOUT_CODE.test(error.message) : LOST.test(code);
  return lost ? new DatabaseConnectionLostError(database, error) : error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
