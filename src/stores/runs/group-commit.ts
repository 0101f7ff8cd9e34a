/**
 * Group commit: writes that wait while a transaction is being synchronised share the next one,
 * so that many steps that finish together cost one synchronisation of the disk.
 */

import type { Transaction } from "kysely";
import type { RunDatabase, RunTables } from "./tables.ts";

/** A write: run again on its own when something else in its group failed, so it must depend on nothing but the tables. */
export type Write<T> = (transaction: Transaction<RunTables>) => Promise<T>;

interface Waiting {
  readonly write: Write<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const GROUP_LIMIT = 64;

/** Gives a function that commits a write durably, in a transaction that it may share with others. */
export function createGroupCommit(database: RunDatabase): <T>(write: Write<T>) => Promise<T> {
  const waiting: Waiting[] = [];
  let draining = false;

  const drain = async (): Promise<void> => {
    draining = true;
    for (let group = waiting.splice(0, GROUP_LIMIT); group.length > 0; group = waiting.splice(0, GROUP_LIMIT)) {
      await commitGroup(database, group);
    }
    draining = false;
  };

  return (write) =>
    new Promise((resolve, reject) => {
      // The queue forgets each write's type; its own promise keeps it.
      waiting.push({ write, resolve: resolve as (value: unknown) => void, reject });
      if (!draining) void drain();
    });
}

async function commitGroup(database: RunDatabase, group: readonly Waiting[]): Promise<void> {
  try {
    const results = await database.transaction().execute(async (transaction) => {
      const values: unknown[] = [];
      for (const { write } of group) values.push(await write(transaction));
      return values;
    });
    group.forEach(({ resolve }, i) => resolve(results[i]));
  } catch (error) {
    const [only] = group;
    if (group.length === 1) return only?.reject(error);
    for (const member of group) await commitGroup(database, [member]);
  }
}
