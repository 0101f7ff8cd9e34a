/**
 * The feature store over SQL. A write closes the rows that went and opens those that came, at the group's next
 * version; nothing is ever overwritten, so a read of a version gives the same rows for ever, but for what was forgotten.
 */

import type { Transaction } from "kysely";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import type { FeatureExpectations, FeatureGroupName, FeatureStore } from "../../contracts/features.ts";
import type { Clock } from "../../core/clock.ts";
import { describeGroup } from "./describe-group.ts";
import { FeatureKeyError } from "./errors.ts";
import { withBuiltIn } from "./expectations.ts";
import { forgetRows } from "./forget-rows.ts";
import { GROUP_NAMES } from "./groups.ts";
import { type Now, readersOf } from "./readers.ts";
import type { FeatureTables } from "./tables.ts";
import { assertWritten } from "./versions.ts";
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

    ...readersOf(tables, now),

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
