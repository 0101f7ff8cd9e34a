/** What can be wrong with a database as a whole. A statement that the tables refuse is no error of this family: it is a fault of the code. */

import { messageOf, TrilithError } from "../../core/errors.ts";

/** Thrown when the database has migrations that this release does not know. */
export class DatabaseTooNewError extends TrilithError {
  override readonly code = "database-too-new";
  override readonly usage = true;
  readonly unknown: readonly string[];

  constructor(unknown: readonly string[]) {
    super(
      `The database was written by a newer Trilith (it has ${unknown.join(", ")}, unknown here); ` +
        "expected only migrations of this release. Update Trilith, or open another folder.",
    );
    this.unknown = unknown;
  }
}

/** Why a database that is there cannot be worked with. */
export type DatabaseProblem = "full" | "read-only" | "damaged" | "busy" | "inaccessible";

const PROBLEMS: Record<DatabaseProblem, readonly [happened: string, expected: string, todo: string]> = {
  full: ["has no room left", "room for what is written; what was committed is safe", "Make room, and go on"],
  "read-only": [
    "cannot be written",
    "a file and folder, or tables, that this user may write",
    "Allow it, or choose another database",
  ],
  damaged: [
    "is damaged, or no database",
    "a file as SQLite wrote it",
    "Restore a copy, move the file away, or choose another folder with --workspace",
  ],
  busy: ["is held by another writer", "writers that are done in time", "Wait until that one is done, and try again"],
  inaccessible: [
    "cannot be opened",
    "a file in a folder that this user may write, on a disk that works",
    "Check the path, its rights and the disk",
  ],
};

/** Thrown when the database cannot be opened, read or written: `problem` says why. Earlier commits are intact unless it is damaged. */
export class DatabaseUnusableError extends TrilithError {
  override readonly code = "database-unusable";
  override readonly usage = true;
  override readonly retryable: boolean;
  readonly problem: DatabaseProblem;

  constructor(database: string, problem: DatabaseProblem, cause: unknown) {
    const [happened, expected, todo] = PROBLEMS[problem];
    super(`The database ${database} ${happened} (${messageOf(cause)}); expected ${expected}. ${todo}.`, { cause });
    this.problem = problem;
    this.retryable = problem === "busy";
  }
}

/** Thrown when the address of a database server is none. The address is not in the message: it may hold a password. */
export class DatabaseUrlError extends TrilithError {
  override readonly code = "database-url-invalid";
  override readonly usage = true;

  constructor() {
    super(
      "The database's URL is not one of PostgreSQL (it is not shown, as it may hold a password); expected " +
        "postgres://user:password@host:5432/database, with %40 for an @ in the password. Correct TRILITH_DATABASE_URL.",
    );
  }
}

/** Thrown when a database server cannot be connected to. */
export class DatabaseUnreachableError extends TrilithError {
  override readonly code = "database-unreachable";
  override readonly usage = true;
  override readonly retryable = true;

  constructor(database: string, todo: string, cause: unknown) {
    super(
      `The database ${database} cannot be reached (${reasonOf(cause)}); expected a PostgreSQL server that takes this user. ${todo}.`,
      { cause },
    );
  }
}

/** Thrown when a connection that was open ends. What a transaction had not committed by then is undone. */
export class DatabaseConnectionLostError extends TrilithError {
  override readonly code = "database-connection-lost";
  override readonly retryable = true;

  constructor(database: string, cause: unknown) {
    super(
      `The connection to the database ${database} ended (${reasonOf(cause)}); expected it to last until the statement's answer. ` +
        "Whether a statement outside of a transaction took effect is not known. Check that the server runs, and go on: the next statement connects again.",
      { cause },
    );
  }
}

/** Thrown when transactions waited for each other, and the server undid this one to let the others go on. */
export class DatabaseConflictError extends TrilithError {
  override readonly code = "database-conflict";
  override readonly retryable = true;

  constructor(database: string, cause: unknown) {
    super(
      `A transaction on the database ${database} was undone for another's sake (${messageOf(cause)}); ` +
        "expected transactions that take their locks in one order. Run it again.",
      { cause },
    );
  }
}

/** Several addresses that were tried are one error of many. */
function reasonOf(cause: unknown): string {
  return cause instanceof AggregateError ? cause.errors.map(messageOf).join("; ") : messageOf(cause);
}
