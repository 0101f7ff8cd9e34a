/** Tables of the feature store: rows with the versions from which and up to which they hold. */

import { z } from "zod";
import type { Database, Migration } from "../../contracts/database.ts";

export type FeatureTables = {
  feature_row: {
    group_name: string;
    /** Orders the rows of a group. */
    row_key: string;
    /** The row's own id. */
    row_id: string;
    document_id: string;
    author_id: string;
    from_version: number;
    /** The version that no longer has the row; `null` while it holds. */
    to_version: number | null;
    content: string;
  };
  feature_version: { group_name: string; version: number; written_at: string };
};

/** The feature store's schema, for `migrateDatabase`. */
export const featureMigrations: Migration[] = [
  {
    id: "features-001",
    async up(database) {
      const { schema } = database;
      await schema
        .createTable("feature_row")
        .addColumn("group_name", "text", (c) => c.notNull())
        .addColumn("row_key", "text", (c) => c.notNull())
        .addColumn("document_id", "text", (c) => c.notNull())
        .addColumn("author_id", "text", (c) => c.notNull())
        .addColumn("from_version", "integer", (c) => c.notNull())
        .addColumn("to_version", "integer")
        .addColumn("content", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("feature_row_key", ["group_name", "row_key", "from_version"])
        .execute();
      await schema
        .createIndex("feature_row_document")
        .on("feature_row")
        .columns(["group_name", "document_id", "to_version"])
        .execute();
      await schema
        .createTable("feature_version")
        .addColumn("group_name", "text", (c) => c.notNull())
        .addColumn("version", "integer", (c) => c.notNull())
        .addColumn("written_at", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("feature_version_key", ["group_name", "version"])
        .execute();
    },
  },
  {
    id: "features-002",
    async up(database) {
      const { schema } = database;
      await schema
        .alterTable("feature_row")
        .addColumn("row_id", "text", (c) => c.notNull().defaultTo(""))
        .execute();
      await fillRowIds(database);
      for (const columns of [["row_id"], ["from_version", "row_key"], ["to_version", "row_id"]]) {
        await schema
          .createIndex(`feature_row_by_${columns[0]}`)
          .on("feature_row")
          .columns(["group_name", ...columns])
          .execute();
      }
    },
  },
];

/** Takes the ids out of the rows' contents, in which they stood alone before. */
async function fillRowIds(database: Database): Promise<void> {
  const tables = database.withTables<FeatureTables>();
  const places = tables.selectFrom("feature_row").select(["group_name", "row_key", "from_version", "content"]);
  for (;;) {
    const rows = await places.where("row_id", "=", "").limit(500).execute();
    if (rows.length === 0) return;
    for (const { content, group_name, row_key, from_version } of rows) {
      const { id } = z.object({ id: z.string().min(1) }).parse(JSON.parse(content));
      await tables
        .updateTable("feature_row")
        .set({ row_id: id })
        .where("group_name", "=", group_name)
        .where("row_key", "=", row_key)
        .where("from_version", "=", from_version)
        .execute();
    }
  }
}
