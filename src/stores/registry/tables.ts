/** The registry's one table: model versions. Who holds a stage is a constraint, not a habit. */

import { sql } from "kysely";
import type { Migration } from "../../contracts/database.ts";

export type RegistryTables = {
  model_version: {
    name: string;
    version: number;
    stage: string;
    rights: string;
    /** JSON texts, as `ModelVersion` describes them. */
    files: string;
    metrics: string;
    lineage: string;
    card: string;
    created_at: string;
    /** Hash of files and lineage without the run: equal models are one version. */
    content_key: string;
  };
};

/** The registry's schema, for `migrateDatabase`. */
export const registryMigrations: Migration[] = [
  {
    id: "registry-001",
    async up(database) {
      await database.schema
        .createTable("model_version")
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("version", "integer", (c) => c.notNull())
        .addColumn("stage", "text", (c) => c.notNull())
        .addColumn("rights", "text", (c) => c.notNull())
        .addColumn("files", "text", (c) => c.notNull())
        .addColumn("metrics", "text", (c) => c.notNull())
        .addColumn("lineage", "text", (c) => c.notNull())
        .addColumn("card", "text", (c) => c.notNull())
        .addColumn("created_at", "text", (c) => c.notNull())
        .addColumn("content_key", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("model_version_key", ["name", "version"])
        .addUniqueConstraint("model_version_content", ["name", "content_key"])
        .execute();
      await database.schema
        .createIndex("model_version_stage_holder")
        .on("model_version")
        .columns(["name", "stage"])
        .unique()
        .where(sql.ref("stage"), "in", sql`('staging', 'production')`)
        .execute();
    },
  },
];
