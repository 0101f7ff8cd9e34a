/** Tables of the warehouse: authors, documents, their versions, a counter that every write moves, and crawls. */

import type { Migration } from "../../contracts/database.ts";

export type WarehouseTables = {
  warehouse_author: { id: string; name_key: string; full_name: string };
  /** What stays the same over all versions. */
  warehouse_document: {
    id: string;
    author_id: string;
    source: string;
    latest_version: number;
    link: string | null;
    etag: string | null;
    last_modified: string | null;
    /** `null` for what was saved before it was noted. */
    seen_at: string | null;
    gone_at: string | null;
  };
  warehouse_version: {
    document_id: string;
    version: number;
    content_hash: string;
    kind: string;
    platform: string;
    title: string;
    format: string;
    content: string;
    published_at: string | null;
    modified_at: string | null;
    language: string | null;
    /** A JSON list. */
    tags: string;
    canonical_url: string | null;
    licence: string | null;
    collected_at: string;
  };
  /** One row, whose count grows with every write. */
  warehouse_change: { id: number; count: number };
  /** Feeds and the like, by which documents are found. */
  warehouse_index: { author_id: string; source: string; etag: string | null; last_modified: string | null };
  /** What became of the links of a crawl, so that it goes on where it was stopped. */
  warehouse_crawl_link: { crawl_id: string; link: string; outcome: string; noted_at: string };
};

/** The warehouse's schema, for `migrateDatabase`. */
export const warehouseMigrations: Migration[] = [
  {
    id: "warehouse-001",
    async up(database) {
      const { schema } = database;
      await schema
        .createTable("warehouse_author")
        .addColumn("id", "text", (c) => c.primaryKey())
        .addColumn("name_key", "text", (c) => c.notNull().unique())
        .addColumn("full_name", "text", (c) => c.notNull())
        .execute();
      await schema
        .createTable("warehouse_document")
        .addColumn("id", "text", (c) => c.primaryKey())
        .addColumn("author_id", "text", (c) => c.notNull().references("warehouse_author.id"))
        .addColumn("source", "text", (c) => c.notNull())
        .addColumn("latest_version", "integer", (c) => c.notNull())
        .addUniqueConstraint("warehouse_document_source", ["author_id", "source"])
        .execute();
      await schema
        .createTable("warehouse_version")
        .addColumn("document_id", "text", (c) => c.notNull().references("warehouse_document.id"))
        .addColumn("version", "integer", (c) => c.notNull())
        .addColumn("content_hash", "text", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("platform", "text", (c) => c.notNull())
        .addColumn("title", "text", (c) => c.notNull())
        .addColumn("format", "text", (c) => c.notNull())
        .addColumn("content", "text", (c) => c.notNull())
        .addColumn("published_at", "text")
        .addColumn("collected_at", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("warehouse_version_key", ["document_id", "version"])
        .execute();
      await schema
        .createTable("warehouse_change")
        .addColumn("id", "integer", (c) => c.primaryKey())
        .addColumn("count", "integer", (c) => c.notNull())
        .execute();
      await database.withTables<WarehouseTables>().insertInto("warehouse_change").values({ id: 1, count: 0 }).execute();
    },
  },
  {
    id: "warehouse-002",
    async up(database) {
      const columns = ["modified_at", "language", "canonical_url", "licence"];
      for (const column of columns) {
        await database.schema.alterTable("warehouse_version").addColumn(column, "text").execute();
      }
      await database.schema
        .alterTable("warehouse_version")
        .addColumn("tags", "text", (c) => c.notNull().defaultTo("[]"))
        .execute();
    },
  },
  {
    id: "warehouse-003",
    async up({ schema }) {
      for (const column of ["link", "etag", "last_modified", "seen_at", "gone_at"]) {
        await schema.alterTable("warehouse_document").addColumn(column, "text").execute();
      }
      await schema
        .createIndex("warehouse_document_link")
        .on("warehouse_document")
        .columns(["author_id", "link"])
        .execute();
      await schema
        .createTable("warehouse_crawl_link")
        .addColumn("crawl_id", "text", (c) => c.notNull())
        .addColumn("link", "text", (c) => c.notNull())
        .addColumn("outcome", "text", (c) => c.notNull())
        .addColumn("noted_at", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("warehouse_crawl_link_key", ["crawl_id", "link"])
        .execute();
      // For reading documents in order, some at a time.
      await schema
        .createIndex("warehouse_document_order")
        .on("warehouse_document")
        .columns(["source", "author_id"])
        .execute();
    },
  },
  {
    id: "warehouse-004",
    async up({ schema }) {
      await schema
        .createTable("warehouse_index")
        .addColumn("author_id", "text", (c) => c.notNull())
        .addColumn("source", "text", (c) => c.notNull())
        .addColumn("etag", "text")
        .addColumn("last_modified", "text")
        .addPrimaryKeyConstraint("warehouse_index_key", ["author_id", "source"])
        .execute();
    },
  },
];
