/**
 * The feature store over SQL. A write closes the rows that went and opens those that came, at the group's next
 * version; nothing is ever overwritten, so a read of a version gives the same rows for ever, but for what was forgotten.
 */

import type { Transaction } from "kysely";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import type {
  FeatureExpectations,
  FeatureFilter,
  FeatureGroupName,
  FeatureGroups,
  FeatureStore,
} from "../../contracts/features.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { describeGroup } from "./describe-group.ts";
import { FeatureKeyError } from "./errors.ts";
import { withBuiltIn } from "./expectations.ts";
import { forgetRows } from "./forget-rows.ts";
import { GROUP_NAMES, parseRow } from "./groups.ts";
import { selectBatches, selectNamed, selectRemovedIds, selectWritten, type Tables } from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";
import { assertWritten, latestVersion, resolveVersion } from "./versions.ts";
import { currentRows, keyedRows, writeChange } from "./write-rows.ts";

/**
 * A feature store in the database, whose migrations must have been applied. `clock` dates the versions.
 *
 * @param own  expectations besides the built-in ones
 * @throws {ExpectationUnknownError} for expectations of a group or a field that there is not
 */
export function createFeatureStore(database: Database, clock: Clock, own: FeatureExpectations = {}): FeatureStore {
  const tables = database.withTables<FeatureTables>();
  const expectations = withBuiltIn(own);
  const now: Now = (group) => ({ group, nowMs: clock.now() });
  const expected = (group: FeatureGroupName) => expectations.get(group) ?? [];
  const locked = <T>(body: (transaction: Transaction<FeatureTables>) => Promise<T>): Promise<T> =>
    tables.transaction().execute(async (transaction) => {
      await takeWriteLock(transaction, "features");
      return body(transaction);
    });
  return {
    async write(group, rows, documentIds) {
      const wanted = keyedRows(group, rows);
      const documents = new Set(documentIds);
      for (const [key, { document_id }] of wanted) {
        if (documents.has(document_id)) continue;
        throw new FeatureKeyError(group, key, `its document ${document_id} is not named in the write`);
      }
      return locked(async (transaction) => {
        const current = await currentRows(transaction, group, ["document_id", documentIds]);
        return writeChange(transaction, now(group), { current, wanted, expectations: expected(group) });
      });
    },

    async commit(group, { upsert = [], deleteIds = [] }) {
      const wanted = keyedRows(group, upsert);
      return locked(async (transaction) => {
        const replaced = await currentRows(transaction, group, ["row_key", [...wanted.keys()]]);
        const deleted = await currentRows(transaction, group, ["row_id", deleteIds]);
        const current = new Map([...replaced, ...deleted]);
        return writeChange(transaction, now(group), { current, wanted, expectations: expected(group) });
      });
    },

    ...readers(tables, now),

    async describe(group, version) {
      const latest = await assertWritten(tables, group, version ?? 0);
      return describeGroup(tables, { group, version: version ?? latest }, expected(group));
    },

    forget: (documentIds) =>
      locked(async (transaction) => {
        const forgotten = [];
        for (const group of GROUP_NAMES) {
          const rows = await forgetRows(transaction, now(group), documentIds);
          if (rows) forgotten.push(rows);
        }
        return forgotten;
      }),
  };
}

type Now = (group: FeatureGroupName) => { readonly group: FeatureGroupName; readonly nowMs: number };

/** Every read goes through the same parse: what training reads is what a question reads. */
function readers(
  tables: Tables,
  now: Now,
): Pick<FeatureStore, "read" | "readBatches" | "changes" | "history" | "version" | "verify" | "fingerprint"> {
  async function* readBatches<G extends FeatureGroupName>(
    group: G,
    filter: FeatureFilter = {},
  ): AsyncGenerator<FeatureGroups[G][]> {
    const version = await resolveVersion(tables, now(group), filter);
    for await (const rows of selectBatches(tables, { group, version }, filter)) {
      yield rows.map((row) => parseRow(group, row));
    }
  }
  return {
    read: async (group, filter) => (await Array.fromAsync(readBatches(group, filter))).flat(),

    readBatches,

    async changes(group, sinceVersion) {
      const version = await assertWritten(tables, group, sinceVersion);
      const place = { group, version };
      return {
        version,
        written: {
          async *[Symbol.asyncIterator]() {
            for await (const rows of selectWritten(tables, place, sinceVersion)) {
              yield rows.map((row) => parseRow(group, row));
            }
          },
        },
        removedIds: await selectRemovedIds(tables, place, sinceVersion),
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

    version: (group, asOf) => resolveVersion(tables, now(group), asOf === undefined ? {} : { asOf }),

    async verify(group) {
      const problems = [];
      const place = { group, version: await latestVersion(tables, group) };
      for await (const rows of selectBatches(tables, place, {})) {
        for (const row of rows) {
          try {
            parseRow(group, row);
          } catch (error) {
            problems.push({ key: row.row_key, problem: messageOf(error) });
          }
        }
      }
      return problems;
    },

    async fingerprint() {
      const versions = GROUP_NAMES.map(async (group) => `${group}@${await latestVersion(tables, group)}`);
      return (await Promise.all(versions)).join(",");
    },
  };
}
