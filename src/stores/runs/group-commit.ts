/**
 * Group commit: writes that wait while a transaction is being synchronised share the next one,
 * so that many steps that finish together cost one synchronisation of the disk.
 */

import { isTrilithError } from "../../core/errors.ts";
import type { RunDatabase, RunTransaction } from "./tables.ts";

/** What must hold for a write, looked at once for all writes of a transaction that share it. Throws when it does not. */
export type Guard = (transaction: RunTransaction) => Promise<void>;

/** A write: run again on its own when something else in its group failed, so it must depend on nothing but the tables. */
export type Write<T> = (transaction: RunTransaction) => Promise<T>;

/** Commits a write durably, in a transaction that it may share with others. */
export type Commit = <T>(write: Write<T>, guard?: Guard) => Promise<T>;

interface Waiting {
  readonly write: Write<unknown>;
  readonly guard: Guard | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const GROUP_LIMIT = 128;
/** How often a write is begun again that the database undid for another's sake. */
const CONFLICT_LIMIT = 10;

export function createGroupCommit(database: RunDatabase): Commit {
  const waiting: Waiting[] = [];
  let draining = false;

  const drain = async (): Promise<void> => {
    draining = true;
    for (let group = waiting.splice(0, GROUP_LIMIT); group.length > 0; group = waiting.splice(0, GROUP_LIMIT)) {
      await commitGroup(database, group);
    }
    draining = false;
  };

  return (write, guard) =>
    new Promise((resolve, reject) => {
      // The queue forgets each write's type; its own promise keeps it.
      waiting.push({ write, guard, resolve: resolve as (value: unknown) => void, reject });
      if (!draining) void drain();
    });
}

async function commitGroup(database: RunDatabase, group: readonly Waiting[], conflicts = 0): Promise<void> {
  try {
    const results = await database.transaction().execute(async (transaction) => {
      const held = new Set<Guard>();
      const values: unknown[] = [];
      for (const { write, guard } of group) {
        if (guard && !held.has(guard)) await guard(transaction);
        if (guard) held.add(guard);
        values.push(await write(transaction));
      }
      return values;
    });
    group.forEach(({ resolve }, i) => resolve(results[i]));
  } catch (error) {
    const why = causeOf(error);
    if (why === "conflict" && conflicts < CONFLICT_LIMIT) return commitGroup(database, group, conflicts + 1);
    // What the database as a whole refuses is refused to each; after a lost connection it may even have been written.
    if (why === "database" || group.length === 1) return group.forEach(({ reject }) => reject(error));
    for (const member of group) await commitGroup(database, [member]);
  }
}

/** Whether another transaction, the database as a whole, or one of the writes was the reason. */
function causeOf(error: unknown): "conflict" | "database" | "write" {
  if (!isTrilithError(error) || !error.code.startsWith("database-")) return "write";
  return error.code === "database-conflict" ? "conflict" : "database";
}
