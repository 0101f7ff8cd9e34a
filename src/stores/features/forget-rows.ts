/**
 * Forgetting: the documents' rows leave every version, with what statistics knew of them. What stays is a tombstone
 * a row (its id, which is a hash, and its versions), so that versions explain themselves and copies can follow.
 */

import type { Transaction } from "kysely";
import type { FeatureFlag, FeatureGroupName, ForgottenRows } from "../../contracts/features.ts";
import { canonicalJson } from "../../core/json.ts";
import { parseWith } from "../../core/schema.ts";
import { inParts, type StoredRow, selectNamed } from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";
import { countStored, Tally } from "./tally.ts";
import { latestVersion, nextTime } from "./versions.ts";
import { insertVersion, tallyOf } from "./write-rows.ts";

/** Makes a version of the group without the documents, and takes them out of all others; nothing where there are none. */
export async function forgetRows(
  transaction: Transaction<FeatureTables>,
  { group, nowMs }: { readonly group: FeatureGroupName; readonly nowMs: number },
  documentIds: readonly string[],
): Promise<ForgottenRows | undefined> {
  const rows = await selectNamed(transaction, group, { authorIds: undefined, documentIds, ids: undefined });
  if (rows.length === 0) return undefined;
  const last = { group, version: await latestVersion(transaction, group) };
  const next = { group, version: last.version + 1 };
  const rowIds = [...new Set(rows.map(({ row_id }) => row_id))].sort();
  await amendVersions(transaction, group, rows);
  for (const part of inParts(rows)) {
    const tombstones = part.map(({ row_id, from_version, to_version }) => ({
      group_name: group,
      row_id,
      from_version,
      to_version: to_version ?? next.version,
      forgotten_version: next.version,
    }));
    await transaction.insertInto("feature_tombstone").values(tombstones).execute();
  }
  for (const part of inParts(documentIds)) {
    await transaction
      .deleteFrom("feature_row")
      .where("group_name", "=", group)
      .where("document_id", "in", part)
      .execute();
  }
  await insertVersion(transaction, next, {
    writtenAt: await nextTime(transaction, { group, nowMs }),
    tally: await tallyOf(transaction, last),
    flags: [],
    counts: { written: 0, removed: rows.filter(({ to_version }) => to_version === null).length },
  });
  return { group, version: next.version, rowCount: rows.length, rowIds };
}

/** Takes the rows out of what is kept of each version that had them. */
async function amendVersions(
  transaction: Transaction<FeatureTables>,
  group: FeatureGroupName,
  rows: readonly StoredRow[],
): Promise<void> {
  const ids = new Set(rows.map(({ row_id }) => row_id));
  const versions = await transaction
    .selectFrom("feature_version")
    .select(["version", "tally", "flags"])
    .where("group_name", "=", group)
    .execute();
  for (const { version, tally: kept, flags } of versions) {
    const own = rows.filter((row) => row.from_version <= version && (row.to_version ?? Infinity) > version);
    if (kept === null || own.length === 0) continue;
    const tally = parseWith(Tally, JSON.parse(kept), "a tally of features");
    for (const row of own) countStored(tally, { group, ...row }, -1);
    const rest = (JSON.parse(flags) as FeatureFlag[]) // written by this store
      .map((flag) => ({ ...flag, examples: flag.examples.filter((id) => !ids.has(id)) }));
    await transaction
      .updateTable("feature_version")
      .set({ tally: canonicalJson(tally), flags: JSON.stringify(rest) })
      .where("group_name", "=", group)
      .where("version", "=", version)
      .execute();
  }
}
