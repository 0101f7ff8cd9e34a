/** The registry's tables: versions, their other names, and what happened to them. Who holds a stage is a constraint, not a habit. */

import { sql } from "kysely";
import type { Migration } from "../../contracts/database.ts";

export type RegistryTables = {
  model_version: {
    name: string;
    version: number;
    kind: string;
    stage: string;
    rights: string;
    /** JSON texts, as `ModelVersion` describes them. */
    files: string;
    metrics: string;
    lineage: string;
    remote: string;
    facts: string;
    tags: string;
    forgotten: string;
    description: string;
    created_at: string;
    /** Hash of files and lineage without run and code: equal models are one version. */
    content_key: string;
  };
  model_alias: { name: string; alias: string; version: number };
  model_event: {
    name: string;
    sequence: number;
    version: number;
    kind: string;
    /** JSON text. */
    detail: string;
    at: string;
  };
};

/** Columns of the second migration, with what they hold for versions from before it. */
const ADDED = { kind: "lora", remote: "null", facts: "{}", tags: "[]", forgotten: "[]", description: "" };

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
  {
    id: "registry-002",
    async up(database) {
      const table = database.schema.alterTable("model_version");
      for (const [column, value] of Object.entries(ADDED)) {
        await table.addColumn(column, "text", (c) => c.notNull().defaultTo(value)).execute();
      }
      await table.dropColumn("card").execute(); // it is rendered from the facts
      await database.schema
        .createTable("model_alias")
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("alias", "text", (c) => c.notNull())
        .addColumn("version", "integer", (c) => c.notNull())
        .addPrimaryKeyConstraint("model_alias_key", ["name", "alias"])
        .execute();
      await database.schema
        .createTable("model_event")
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("sequence", "integer", (c) => c.notNull())
        .addColumn("version", "integer", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("detail", "text", (c) => c.notNull())
        .addColumn("at", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("model_event_key", ["name", "sequence"])
        .execute();
    },
  },
];
