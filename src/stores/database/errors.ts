/** What can be wrong with a database as a whole. */

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

/** Thrown when the database file cannot be opened or written. */
export class DatabaseUnusableError extends TrilithError {
  override readonly code = "database-unusable";
  override readonly usage = true;

  constructor(file: string, cause: unknown) {
    super(
      `The database ${file} cannot be used (${cause instanceof Error ? cause.message : String(cause)}); ` +
        "expected a SQLite file in a folder that can be written, with room on the disk. Check both, or choose another folder with --workspace.",
      { cause },
    );
  }
}

/** Thrown when a database server cannot be connected to. The password is never part of the message. */
export class DatabaseUnreachableError extends TrilithError {
  override readonly code = "database-unreachable";
  override readonly usage = true;

  constructor(url: string, cause: unknown) {
    super(
      `The database ${withoutPassword(url)} cannot be reached (${reasonOf(cause)}); expected a PostgreSQL server that takes this user. ` +
        "Check that it runs, and TRILITH_DATABASE_URL.",
      { cause },
    );
  }
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return "at TRILITH_DATABASE_URL, which is no URL,";
  const parsed = new URL(url);
  return `${parsed.username}@${parsed.host}${parsed.pathname}`;
}

/** Several addresses that were tried are one error of many. */
function reasonOf(cause: unknown): string {
  return cause instanceof AggregateError ? cause.errors.map(messageOf).join("; ") : messageOf(cause);
}
