/** Reading rows: by version, in the order of their keys or of their writes, a batch at a time. */

import type { ExpressionBuilder, Kysely } from "kysely";
import type { FeatureFilter, FeatureGroupName } from "../../contracts/features.ts";
import type { FeatureTables } from "./tables.ts";

export type Tables = Kysely<FeatureTables>;

/** Rows of one batch that a reader is handed. */
const BATCH_SIZE = 500;

/** Values of one statement, below what databases take. */
const VALUES_AT_ONCE = 1_000;

export function* inParts<T>(values: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < values.length; start += VALUES_AT_ONCE) yield values.slice(start, start + VALUES_AT_ONCE);
}

/** A group at a version. */
export interface GroupVersion {
  readonly group: FeatureGroupName;
  readonly version: number;
}

export interface StoredRow {
  readonly row_key: string;
  readonly row_id: string;
  readonly content: string;
  readonly from_version: number;
  readonly to_version: number | null;
}

/** Of rows that the version has. */
export const holdsAt = (version: number) => (e: ExpressionBuilder<FeatureTables, "feature_row">) =>
  e.and([e("from_version", "<=", version), e.or([e("to_version", "is", null), e("to_version", ">", version)])]);

const selectGroup = (tables: Tables, group: FeatureGroupName) =>
  tables
    .selectFrom("feature_row")
    .select(["row_key", "row_id", "content", "from_version", "to_version"])
    .where("group_name", "=", group);

/** Rows of the version in the order of their keys. */
export async function* selectBatches(
  tables: Tables,
  { group, version }: GroupVersion,
  { authorIds, documentIds, ids }: FeatureFilter,
): AsyncGenerator<readonly StoredRow[]> {
  if (documentIds !== undefined || ids !== undefined) {
    const rows = await selectNamed(tables, group, { authorIds, documentIds, ids });
    const held = rows.filter((row) => row.from_version <= version && (row.to_version ?? Infinity) > version);
    for (let start = 0; start < held.length; start += BATCH_SIZE) yield held.slice(start, start + BATCH_SIZE);
    return;
  }
  if (authorIds?.length === 0) return;
  const query = selectGroup(tables, group)
    .where(holdsAt(version))
    .$if(authorIds !== undefined, (q) => q.where("author_id", "in", authorIds ?? []))
    .orderBy("row_key")
    .limit(BATCH_SIZE);
  for (let last = ""; ; ) {
    const rows = await query.where("row_key", ">", last).execute();
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH_SIZE) return;
    last = rows.at(-1)?.row_key ?? last;
  }
}

type Names = { readonly [K in "authorIds" | "documentIds" | "ids"]: readonly string[] | undefined };

/** Rows of every version, of the authors, documents and ids: in the order of their keys, then oldest first. */
export async function selectNamed(
  tables: Tables,
  group: FeatureGroupName,
  { authorIds, documentIds, ids }: Names,
): Promise<StoredRow[]> {
  const query = selectGroup(tables, group).select(["author_id", "document_id"]);
  // The narrowest of the names leads the way, by an index, in parts; the others are looked at here.
  const [column, names] = ids
    ? (["row_id", ids] as const)
    : documentIds
      ? (["document_id", documentIds] as const)
      : (["author_id", authorIds ?? []] as const);
  const rows = [];
  for (const part of inParts([...new Set(names)])) rows.push(...(await query.where(column, "in", part).execute()));
  const [authors, documents] = [authorIds && new Set(authorIds), documentIds && new Set(documentIds)];
  // Sorted here: asked for an order, SQLite reads the whole group by its key instead of a document by its index.
  return rows
    .filter((row) => (authors?.has(row.author_id) ?? true) && (documents?.has(row.document_id) ?? true))
    .sort((a, b) => (a.row_key < b.row_key ? -1 : a.row_key > b.row_key ? 1 : a.from_version - b.from_version));
}

/** Rows that were written after `since` and that the version has, in the order of their writes. */
export async function* selectWritten(
  tables: Tables,
  { group, version }: GroupVersion,
  since: number,
): AsyncGenerator<readonly StoredRow[]> {
  const query = selectGroup(tables, group)
    .where(holdsAt(version))
    .orderBy("from_version")
    .orderBy("row_key")
    .limit(BATCH_SIZE);
  for (let last = { from_version: since + 1, row_key: "" }; ; ) {
    const { from_version, row_key } = last;
    const rows = await query
      .where((e) =>
        e.or([
          e("from_version", ">", from_version),
          e.and([e("from_version", "=", from_version), e("row_key", ">", row_key)]),
        ]),
      )
      .execute();
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH_SIZE) return;
    last = rows.at(-1) ?? last;
  }
}

/** Ids of rows that ended or were forgotten after `since`, and that no row of the version has. */
export async function selectRemovedIds(
  tables: Tables,
  { group, version }: GroupVersion,
  since: number,
): Promise<string[]> {
  const ended = await tables
    .selectFrom("feature_row")
    .select("row_id")
    .where("group_name", "=", group)
    .where("to_version", ">", since)
    .where("to_version", "<=", version)
    .union(
      tables
        .selectFrom("feature_tombstone")
        .select("row_id")
        .where("group_name", "=", group)
        .where("forgotten_version", ">", since)
        .where("forgotten_version", "<=", version),
    )
    .execute();
  const held = new Set<string>();
  for (const part of inParts(ended.map(({ row_id }) => row_id))) {
    const rows = await tables
      .selectFrom("feature_row")
      .select("row_id")
      .where("group_name", "=", group)
      .where("row_id", "in", part)
      .where(holdsAt(version))
      .execute();
    for (const { row_id } of rows) held.add(row_id);
  }
  return ended
    .map(({ row_id }) => row_id)
    .filter((id) => !held.has(id))
    .sort();
}
