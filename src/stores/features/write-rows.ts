/** Writing rows: those that went are closed, and those that came are opened, at the group's next version. */

import type { Transaction } from "kysely";
import type { FeatureGroupName, FeatureGroups } from "../../contracts/features.ts";
import { canonicalJson } from "../../core/json.ts";
import { parseWith } from "../../core/schema.ts";
import { FeatureKeyError } from "./errors.ts";
import { GROUPS } from "./groups.ts";
import { type GroupVersion, inParts } from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";

type RowValues = Pick<FeatureTables["feature_row"], "row_id" | "document_id" | "author_id" | "content">;

/** Rows as they are stored, by their keys. */
export type KeyedRows = ReadonlyMap<string, RowValues>;

/** @throws {FeatureKeyError} for two rows of one key, and for a row of a document that is not named */
export function keyedRows<G extends FeatureGroupName>(
  group: G,
  rows: readonly FeatureGroups[G][],
  documentIds: readonly string[],
): KeyedRows {
  const definition: (typeof GROUPS)[G] = GROUPS[group];
  const documents = new Set(documentIds);
  const keyed = new Map<string, RowValues>();
  for (const each of rows) {
    const row = parseWith<FeatureGroups[G]>(definition.schema, each, `a row for the feature group ${group}`);
    const [key, document_id] = [definition.key(row), definition.documentId(row)];
    if (keyed.has(key)) throw new FeatureKeyError(group, key, "another row has the same key");
    if (!documents.has(document_id)) {
      throw new FeatureKeyError(group, key, `its document ${document_id} is not named in the write`);
    }
    keyed.set(key, { row_id: row.id, document_id, author_id: row.authorId, content: canonicalJson(row) });
  }
  return keyed;
}

/** What the documents' rows hold now, by key. */
export async function currentRows(
  transaction: Transaction<FeatureTables>,
  group: FeatureGroupName,
  documentIds: readonly string[],
): Promise<Map<string, string>> {
  const current = new Map<string, string>();
  for (const part of inParts(documentIds)) {
    const rows = await transaction
      .selectFrom("feature_row")
      .select(["row_key", "content"])
      .where("group_name", "=", group)
      .where("to_version", "is", null)
      .where("document_id", "in", part)
      .execute();
    for (const { row_key, content } of rows) current.set(row_key, content);
  }
  return current;
}

export async function closeRows(
  transaction: Transaction<FeatureTables>,
  { group, version }: GroupVersion,
  keys: readonly string[],
): Promise<void> {
  for (const part of inParts(keys)) {
    await transaction
      .updateTable("feature_row")
      .set({ to_version: version })
      .where("group_name", "=", group)
      .where("row_key", "in", part)
      .where("to_version", "is", null)
      .execute();
  }
}

export async function openRows(
  transaction: Transaction<FeatureTables>,
  { group, version }: GroupVersion,
  rows: readonly (readonly [key: string, row: RowValues])[],
): Promise<void> {
  for (const part of inParts(rows)) {
    await transaction
      .insertInto("feature_row")
      .values(
        part.map(([key, row]) => ({
          ...row,
          group_name: group,
          row_key: key,
          from_version: version,
          to_version: null,
        })),
      )
      .execute();
  }
}
