/** Tables of the feature store: rows with the versions from which and up to which they hold. */

import type { Migration } from "../../contracts/database.ts";

export type FeatureTables = {
  feature_row: {
    group_name: string;
    /** Orders the rows of a group. */
    row_key: string;
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
];
