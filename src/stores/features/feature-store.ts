/**
 * The feature store over SQL. A write closes the rows that went and opens those that came, at the group's next
 * version; nothing is ever overwritten, so a read of a version gives the same rows for ever.
 */

import type { Kysely, Transaction } from "kysely";
import type { z } from "zod";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import {
  Chunk,
  CleanedDocument,
  type FeatureGroupName,
  type FeatureGroups,
  type FeatureStore,
} from "../../contracts/features.ts";
import type { Clock } from "../../core/clock.ts";
import { canonicalJson } from "../../core/json.ts";
import { parseWith } from "../../core/schema.ts";
import { FeatureKeyError, FeatureVersionUnknownError } from "./errors.ts";
import type { FeatureTables } from "./tables.ts";

/** What the store knows of a group: how a row is checked, and what its key and document are. */
interface GroupDefinition<Row> {
  readonly schema: z.ZodType<Row>;
  documentId(row: Row): string;
  /** Unique in the group; rows are read in its order. */
  key(row: Row): string;
}

const GROUPS: { readonly [G in FeatureGroupName]: GroupDefinition<FeatureGroups[G]> } = {
  cleaned_documents: { schema: CleanedDocument, documentId: ({ id }) => id, key: ({ id }) => id },
  chunks: {
    schema: Chunk,
    documentId: ({ documentId }) => documentId,
    key: ({ documentId, index }) => `${documentId}/${String(index).padStart(6, "0")}`,
  },
};

/** A feature store in the database, whose migrations must have been applied. `clock` dates the versions. */
export function createFeatureStore(database: Database, clock: Clock): FeatureStore {
  const tables = database.withTables<FeatureTables>();
  return {
    async write<G extends FeatureGroupName>(
      group: G,
      rows: readonly FeatureGroups[G][],
      documentIds: readonly string[],
    ) {
      const wanted = keyedRows(group, rows, documentIds);
      const writtenAt = new Date(clock.now()).toISOString();
      return tables.transaction().execute(async (transaction) => {
        await takeWriteLock(transaction, "features");
        const current = await currentRows(transaction, group, documentIds);
        const gone = [...current].filter(([key, content]) => wanted.get(key)?.content !== content);
        const come = [...wanted].filter(([key, { content }]) => current.get(key) !== content);
        const version = await latestVersion(transaction, group);
        if (gone.length + come.length === 0) return version;
        const next = { group, version: version + 1 };
        await closeRows(
          transaction,
          next,
          gone.map(([key]) => key),
        );
        await openRows(transaction, next, come);
        await transaction
          .insertInto("feature_version")
          .values({ group_name: group, version: next.version, written_at: writtenAt })
          .execute();
        return next.version;
      });
    },

    async read<G extends FeatureGroupName>(group: G, filter: ReadFilter = {}) {
      if (filter.version !== undefined) await assertWritten(tables, group, filter.version);
      const rows = await selectRows(tables, group, filter);
      return rows.map(({ row_key, content }) =>
        parseWith<FeatureGroups[G]>(GROUPS[group].schema, JSON.parse(content), `the feature ${group}/${row_key}`),
      );
    },

    async history<G extends FeatureGroupName>(group: G, filter: HistoryFilter) {
      const rows = await selectHistory(tables, group, filter);
      const records = rows.map(({ row_key, content, from_version, to_version }) => ({
        row: parseWith<FeatureGroups[G]>(GROUPS[group].schema, JSON.parse(content), `the feature ${group}/${row_key}`),
        fromVersion: from_version,
        toVersion: to_version,
      }));
      return records.filter(({ row }) => filter.ids?.includes(row.id) ?? true);
    },

    version: (group) => latestVersion(tables, group),

    async fingerprint() {
      const groups = Object.keys(GROUPS) as FeatureGroupName[]; // the keys of GROUPS are the names
      const versions = await Promise.all(groups.map(async (group) => `${group}@${await latestVersion(tables, group)}`));
      return versions.join(",");
    },
  };
}

type Tables = Kysely<FeatureTables>;

interface ReadFilter {
  readonly version?: number;
  readonly authorIds?: readonly string[];
}

async function selectRows(
  tables: Tables,
  group: FeatureGroupName,
  { version, authorIds }: ReadFilter,
): Promise<{ row_key: string; content: string }[]> {
  if (authorIds?.length === 0) return [];
  return tables
    .selectFrom("feature_row")
    .select(["row_key", "content"])
    .where("group_name", "=", group)
    .$if(version === undefined, (q) => q.where("to_version", "is", null))
    .$if(version !== undefined, (q) =>
      q
        .where("from_version", "<=", version ?? 0)
        .where((e) => e.or([e("to_version", "is", null), e("to_version", ">", version ?? 0)])),
    )
    .$if(authorIds !== undefined, (q) => q.where("author_id", "in", authorIds ?? []))
    .orderBy("row_key")
    .execute();
}

type HistoryFilter = Parameters<FeatureStore["history"]>[1];

/** Rows that may have one of the ids: those whose text holds it. */
async function selectHistory(tables: Tables, group: FeatureGroupName, { documentIds, authorIds, ids }: HistoryFilter) {
  if ([documentIds, authorIds, ids].some((wanted) => wanted?.length === 0)) return [];
  const rows = await tables
    .selectFrom("feature_row")
    .select(["row_key", "content", "from_version", "to_version"])
    .where("group_name", "=", group)
    .$if(documentIds !== undefined, (q) => q.where("document_id", "in", documentIds ?? []))
    .$if(authorIds !== undefined, (q) => q.where("author_id", "in", authorIds ?? []))
    .$if(ids !== undefined, (q) =>
      q.where((e) => e.or((ids ?? []).map((id) => e("content", "like", `%${JSON.stringify({ id }).slice(1, -1)}%`)))),
    )
    .execute();
  // Sorted here: asked for an order, SQLite reads the whole group by its key instead of a document by its index.
  return rows.sort((a, b) =>
    a.row_key < b.row_key ? -1 : a.row_key > b.row_key ? 1 : a.from_version - b.from_version,
  );
}

type RowValues = Pick<FeatureTables["feature_row"], "document_id" | "author_id" | "content">;

function keyedRows<G extends FeatureGroupName>(
  group: G,
  rows: readonly FeatureGroups[G][],
  documentIds: readonly string[],
): Map<string, RowValues> {
  const definition: GroupDefinition<FeatureGroups[G]> = GROUPS[group];
  const documents = new Set(documentIds);
  const keyed = new Map<string, RowValues>();
  for (const each of rows) {
    const row = parseWith(definition.schema, each, `a row for the feature group ${group}`);
    const [key, document_id] = [definition.key(row), definition.documentId(row)];
    if (keyed.has(key)) throw new FeatureKeyError(group, key, "another row has the same key");
    if (!documents.has(document_id)) {
      throw new FeatureKeyError(group, key, `its document ${document_id} is not named in the write`);
    }
    keyed.set(key, { document_id, author_id: row.authorId, content: canonicalJson(row) });
  }
  return keyed;
}

async function currentRows(
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

interface GroupVersion {
  readonly group: FeatureGroupName;
  readonly version: number;
}

/** Rows of one statement, so that its values stay below what databases take. */
const ROWS_AT_ONCE = 1_000;

async function closeRows(
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

async function openRows(
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

function* inParts<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) yield rows.slice(start, start + ROWS_AT_ONCE);
}

async function latestVersion(tables: Tables, group: FeatureGroupName): Promise<number> {
  const row = await tables
    .selectFrom("feature_version")
    .select((e) => e.fn.max("version").as("version"))
    .where("group_name", "=", group)
    .executeTakeFirst();
  return row?.version ?? 0;
}

async function assertWritten(tables: Tables, group: FeatureGroupName, version: number): Promise<void> {
  const latest = await latestVersion(tables, group);
  if (!Number.isInteger(version) || version < 0 || version > latest) {
    throw new FeatureVersionUnknownError(group, version, latest);
  }
}
