/**
 * The feature store over SQL. A write closes the rows that went and opens those that came, at the group's next
 * version; nothing is ever overwritten, so a read of a version gives the same rows for ever.
 */

import type { Transaction } from "kysely";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import type { FeatureFilter, FeatureGroupName, FeatureGroups, FeatureStore } from "../../contracts/features.ts";
import type { Clock } from "../../core/clock.ts";
import { FeatureVersionUnknownError } from "./errors.ts";
import { GROUP_NAMES, parseRow } from "./groups.ts";
import {
  type GroupVersion,
  selectBatches,
  selectNamed,
  selectRemovedIds,
  selectWritten,
  type Tables,
} from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";
import { closeRows, currentRows, type KeyedRows, keyedRows, openRows } from "./write-rows.ts";

/** A feature store in the database, whose migrations must have been applied. `clock` dates the versions. */
export function createFeatureStore(database: Database, clock: Clock): FeatureStore {
  const tables = database.withTables<FeatureTables>();
  return {
    async write(group, rows, documentIds) {
      const wanted = keyedRows(group, rows, documentIds);
      const writtenAt = new Date(clock.now()).toISOString();
      return tables.transaction().execute(async (transaction) => {
        await takeWriteLock(transaction, "features");
        const current = await currentRows(transaction, group, documentIds);
        const next = { group, version: (await latestVersion(transaction, group)) + 1, writtenAt };
        return (await writeChanged(transaction, next, { current, wanted })) ? next.version : next.version - 1;
      });
    },

    read: async (group, filter) => (await Array.fromAsync(readBatches(tables, group, filter))).flat(),

    readBatches: (group, filter) => readBatches(tables, group, filter),

    async changes<G extends FeatureGroupName>(group: G, sinceVersion: number) {
      const version = await assertWritten(tables, group, sinceVersion);
      const now = { group, version };
      return {
        version,
        written: {
          async *[Symbol.asyncIterator]() {
            for await (const rows of selectWritten(tables, now, sinceVersion)) {
              yield rows.map((row) => parseRow(group, row));
            }
          },
        },
        removedIds: await selectRemovedIds(tables, now, sinceVersion),
      };
    },

    async history(group, { authorIds, documentIds, ids }) {
      const rows = await selectNamed(tables, group, { authorIds, documentIds, ids });
      return rows.map((row) => ({
        row: parseRow(group, row),
        fromVersion: row.from_version,
        toVersion: row.to_version,
      }));
    },

    version: (group) => latestVersion(tables, group),

    async fingerprint() {
      const versions = GROUP_NAMES.map(async (group) => `${group}@${await latestVersion(tables, group)}`);
      return (await Promise.all(versions)).join(",");
    },
  };
}

/** Closes what went and opens what came, at a version of their own; says whether there was anything. */
async function writeChanged(
  transaction: Transaction<FeatureTables>,
  next: GroupVersion & { readonly writtenAt: string },
  { current, wanted }: { readonly current: ReadonlyMap<string, string>; readonly wanted: KeyedRows },
): Promise<boolean> {
  const gone = [...current].filter(([key, content]) => wanted.get(key)?.content !== content);
  const come = [...wanted].filter(([key, { content }]) => current.get(key) !== content);
  if (gone.length + come.length === 0) return false;
  const goneKeys = gone.map(([key]) => key);
  await closeRows(transaction, next, goneKeys);
  await openRows(transaction, next, come);
  await transaction
    .insertInto("feature_version")
    .values({ group_name: next.group, version: next.version, written_at: next.writtenAt })
    .execute();
  return true;
}

async function* readBatches<G extends FeatureGroupName>(
  tables: Tables,
  group: G,
  filter: FeatureFilter = {},
): AsyncGenerator<FeatureGroups[G][]> {
  const latest = await assertWritten(tables, group, filter.version ?? 0);
  const version = filter.version ?? latest;
  for await (const rows of selectBatches(tables, { group, version }, filter)) {
    yield rows.map((row) => parseRow(group, row));
  }
}

async function latestVersion(tables: Tables, group: FeatureGroupName): Promise<number> {
  const row = await tables
    .selectFrom("feature_version")
    .select((e) => e.fn.max("version").as("version"))
    .where("group_name", "=", group)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/** Gives the latest version. */
async function assertWritten(tables: Tables, group: FeatureGroupName, version: number): Promise<number> {
  const latest = await latestVersion(tables, group);
  if (!Number.isInteger(version) || version < 0 || version > latest) {
    throw new FeatureVersionUnknownError(group, version, latest);
  }
  return latest;
}
