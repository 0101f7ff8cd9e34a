/** Tables of the feature store: rows with the versions from which and up to which they hold. */

import { z } from "zod";
import type { Database, Migration } from "../../contracts/database.ts";
import { toUtc } from "./event-time.ts";

export type FeatureTables = {
  feature_row: {
    group_name: string;
    /** Orders the rows of a group. */
    row_key: string;
    /** The row's own id. */
    row_id: string;
    document_id: string;
    author_id: string;
    /** When the document was published, in UTC; orders as text. */
    event_at: string | null;
    from_version: number;
    /** The version that no longer has the row; `null` while it holds. */
    to_version: number | null;
    content: string;
  };
  feature_version: {
    group_name: string;
    version: number;
    written_at: string;
    /** `null` where it was written before these were kept. */
    schema_version: string | null;
    /** A tally of all rows that the version has, as JSON. */
    tally: string | null;
    written_count: number;
    removed_count: number;
    /** A JSON list. */
    flags: string;
  };
  /** Up to when reads have been given by time: a version that is written later is dated later. */
  feature_reading: { group_name: string; read_until: string };
  /** What is left of a row that was forgotten: which versions it was in, and since when it is gone. */
  feature_tombstone: {
    group_name: string;
    row_id: string;
    from_version: number;
    to_version: number;
    forgotten_version: number;
  };
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
      await fillFromContents(database, "row_id");
      for (const columns of [["row_id"], ["from_version", "row_key"], ["to_version", "row_id"]]) {
        await schema
          .createIndex(`feature_row_by_${columns[0]}`)
          .on("feature_row")
          .columns(["group_name", ...columns])
          .execute();
      }
    },
  },
  {
    id: "features-003",
    async up(database) {
      const { schema } = database;
      await schema.alterTable("feature_row").addColumn("event_at", "text").execute();
      await fillFromContents(database, "event_at");
      const version = () => schema.alterTable("feature_version");
      await version().addColumn("schema_version", "text").execute();
      await version().addColumn("tally", "text").execute();
      for (const count of ["written_count", "removed_count"]) {
        await version()
          .addColumn(count, "integer", (c) => c.notNull().defaultTo(0))
          .execute();
      }
      await version()
        .addColumn("flags", "text", (c) => c.notNull().defaultTo("[]"))
        .execute();
      await schema
        .createTable("feature_reading")
        .addColumn("group_name", "text", (c) => c.primaryKey())
        .addColumn("read_until", "text", (c) => c.notNull())
        .execute();
      await schema
        .createTable("feature_tombstone")
        .addColumn("group_name", "text", (c) => c.notNull())
        .addColumn("row_id", "text", (c) => c.notNull())
        .addColumn("from_version", "integer", (c) => c.notNull())
        .addColumn("to_version", "integer", (c) => c.notNull())
        .addColumn("forgotten_version", "integer", (c) => c.notNull())
        .execute();
      await schema
        .createIndex("feature_tombstone_by_forgotten_version")
        .on("feature_tombstone")
        .columns(["group_name", "forgotten_version"])
        .execute();
    },
  },
];

/** What has a column of its own now, and stood only in the rows' contents before. */
const FROM_CONTENT = {
  row_id: z.object({ id: z.string() }).transform(({ id }) => id),
  event_at: z.object({ publishedAt: z.string().nullable() }).transform(({ publishedAt }) => toUtc(publishedAt)),
};

/** Fills a new column from the contents, a batch at a time. */
async function fillFromContents(database: Database, column: keyof typeof FROM_CONTENT): Promise<void> {
  const tables = database.withTables<FeatureTables>();
  const places = tables.selectFrom("feature_row").select(["group_name", "row_key", "from_version", "content"]);
  let last = { group_name: "", row_key: "", from_version: 0 };
  for (;;) {
    const { group_name, row_key, from_version } = last;
    const rows = await places
      .where((e) =>
        e(e.refTuple("group_name", "row_key", "from_version"), ">", e.tuple(group_name, row_key, from_version)),
      )
      .orderBy("group_name")
      .orderBy("row_key")
      .orderBy("from_version")
      .limit(500)
      .execute();
    for (const row of rows) {
      await tables
        .updateTable("feature_row")
        .set({ [column]: FROM_CONTENT[column].parse(JSON.parse(row.content)) })
        .where("group_name", "=", row.group_name)
        .where("row_key", "=", row.row_key)
        .where("from_version", "=", row.from_version)
        .execute();
    }
    if (rows.length < 500) return;
    last = rows.at(-1) ?? last;
  }
}
