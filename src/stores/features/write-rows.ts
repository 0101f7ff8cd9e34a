/** Writing rows: those that went are closed, and those that came are opened, at the group's next version. */

import type { Transaction } from "kysely";
import type { FeatureExpectation, FeatureFlag, FeatureGroupName, FeatureGroups } from "../../contracts/features.ts";
import { canonicalJson } from "../../core/json.ts";
import { parseWith } from "../../core/schema.ts";
import { FeatureExpectationError, FeatureKeyError } from "./errors.ts";
import { toUtc } from "./event-time.ts";
import { findFlags } from "./expectations.ts";
import { describeSchema, GROUPS } from "./groups.ts";
import { type GroupVersion, inParts, selectBatches, type Tables } from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";
import { count, countStored, emptyTally, Tally } from "./tally.ts";
import { latestVersion, nextTime } from "./versions.ts";

type RowValues = Pick<FeatureTables["feature_row"], "row_id" | "document_id" | "author_id" | "event_at" | "content">;

interface KeyedRow extends RowValues {
  readonly row: Readonly<Record<string, unknown>>;
}

/** Rows as they are stored, by their keys. */
export type KeyedRows = ReadonlyMap<string, KeyedRow>;

/** @throws {FeatureKeyError} for two rows of one key */
export function keyedRows<G extends FeatureGroupName>(group: G, rows: readonly FeatureGroups[G][]): KeyedRows {
  const definition: (typeof GROUPS)[G] = GROUPS[group];
  const keyed = new Map<string, KeyedRow>();
  for (const each of rows) {
    const row = parseWith<FeatureGroups[G]>(definition.schema, each, `a row for the feature group ${group}`);
    const key = definition.key(row);
    if (keyed.has(key)) throw new FeatureKeyError(group, key, "another row has the same key");
    keyed.set(key, {
      row,
      row_id: row.id,
      document_id: definition.documentId(row),
      author_id: row.authorId,
      event_at: toUtc(row.publishedAt),
      content: canonicalJson(row),
    });
  }
  return keyed;
}

/** What rows hold now, by key: those with one of the values in the column. */
export async function currentRows(
  transaction: Transaction<FeatureTables>,
  group: FeatureGroupName,
  [column, values]: readonly ["document_id" | "row_key" | "row_id", readonly string[]],
): Promise<Map<string, string>> {
  const current = new Map<string, string>();
  for (const part of inParts(values)) {
    const rows = await transaction
      .selectFrom("feature_row")
      .select(["row_key", "content"])
      .where("group_name", "=", group)
      .where("to_version", "is", null)
      .where(column, "in", part)
      .execute();
    for (const { row_key, content } of rows) current.set(row_key, content);
  }
  return current;
}

/** What a write changes, and what it is checked by. */
export interface Change {
  /** Rows that may go, by key: those that are not in `wanted`, or are another there. */
  readonly current: ReadonlyMap<string, string>;
  readonly wanted: KeyedRows;
  readonly expectations: readonly FeatureExpectation[];
}

/**
 * Makes the next version of the group, unless nothing changes; gives the version then.
 *
 * @throws {FeatureExpectationError} within the transaction, which keeps nothing
 */
export async function writeChange(
  transaction: Transaction<FeatureTables>,
  { group, nowMs }: { readonly group: FeatureGroupName; readonly nowMs: number },
  { current, wanted, expectations }: Change,
): Promise<number> {
  const gone = [...current].filter(([key, content]) => wanted.get(key)?.content !== content);
  const come = [...wanted].filter(([key, { content }]) => current.get(key) !== content);
  const last = { group, version: await latestVersion(transaction, group) };
  if (gone.length + come.length === 0) return last.version;
  const tally = await tallyOf(transaction, last);
  for (const [row_key, content] of gone) countStored(tally, { group, row_key, content }, -1);
  for (const [, { row, content }] of come) count(tally, { group, row, content }, 1);
  const next = { group, version: last.version + 1 };
  await closeRows(transaction, next, gone);
  await openRows(transaction, next, come);
  const flags = findFlags(expectations, {
    written: come.map(([, { row }]) => row),
    tally,
    repeatedIds: await repeatedIds(transaction, group, come),
  });
  const reasons = flags.filter(({ expectation }) => expectation.onFailure === "reject");
  if (reasons.length > 0) throw new FeatureExpectationError(group, reasons);
  const counts = { written: come.length, removed: gone.length };
  await insertVersion(transaction, next, {
    writtenAt: await nextTime(transaction, { group, nowMs }),
    tally,
    flags,
    counts,
  });
  return next.version;
}

/** The tally of a version; counted from its rows where it was written before tallies were kept. */
export async function tallyOf(tables: Tables, place: GroupVersion): Promise<Tally> {
  const row = await tables
    .selectFrom("feature_version")
    .select("tally")
    .where("group_name", "=", place.group)
    .where("version", "=", place.version)
    .executeTakeFirst();
  if (typeof row?.tally === "string") return parseWith(Tally, JSON.parse(row.tally), "a tally of features");
  const tally = emptyTally();
  for await (const rows of selectBatches(tables, place, {})) {
    for (const stored of rows) countStored(tally, { group: place.group, ...stored }, 1);
  }
  return tally;
}

interface VersionFacts {
  readonly writtenAt: string;
  readonly tally: Tally;
  readonly flags: readonly FeatureFlag[];
  readonly counts: { readonly written: number; readonly removed: number };
}

export async function insertVersion(
  transaction: Transaction<FeatureTables>,
  { group, version }: GroupVersion,
  { writtenAt, tally, flags, counts }: VersionFacts,
): Promise<void> {
  await transaction
    .insertInto("feature_version")
    .values({
      group_name: group,
      version,
      written_at: writtenAt,
      schema_version: describeSchema(group).version,
      tally: canonicalJson(tally),
      written_count: counts.written,
      removed_count: counts.removed,
      flags: JSON.stringify(flags),
    })
    .execute();
}

async function closeRows(
  transaction: Transaction<FeatureTables>,
  { group, version }: GroupVersion,
  rows: readonly (readonly [key: string, content: string])[],
): Promise<void> {
  for (const part of inParts(rows.map(([key]) => key))) {
    await transaction
      .updateTable("feature_row")
      .set({ to_version: version })
      .where("group_name", "=", group)
      .where("row_key", "in", part)
      .where("to_version", "is", null)
      .execute();
  }
}

type NewRows = readonly (readonly [key: string, row: KeyedRow])[];

async function openRows(
  transaction: Transaction<FeatureTables>,
  { group, version }: GroupVersion,
  rows: NewRows,
): Promise<void> {
  for (const part of inParts(rows)) {
    await transaction
      .insertInto("feature_row")
      .values(
        part.map(([key, { row: _row, ...values }]) => ({
          ...values,
          group_name: group,
          row_key: key,
          from_version: version,
          to_version: null,
        })),
      )
      .execute();
  }
}

/** Ids of the new rows that more than one row has now. */
async function repeatedIds(
  transaction: Transaction<FeatureTables>,
  group: FeatureGroupName,
  rows: NewRows,
): Promise<string[]> {
  const repeated = [];
  for (const part of inParts([...new Set(rows.map(([, { row_id }]) => row_id))])) {
    const found = await transaction
      .selectFrom("feature_row")
      .select("row_id")
      .where("group_name", "=", group)
      .where("row_id", "in", part)
      .where("to_version", "is", null)
      .groupBy("row_id")
      .having((e) => e.fn.countAll(), ">", 1)
      .execute();
    repeated.push(...found.map(({ row_id }) => row_id));
  }
  return repeated.sort();
}
