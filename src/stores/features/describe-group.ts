/** What there is to say of a group at a version: its schema, statistics, versions, and how fresh each author's rows are. */

import type {
  FeatureExpectation,
  FeatureFreshness,
  FeatureGroupDescription,
  FeatureVersion,
} from "../../contracts/features.ts";
import { describeSchema, parseRow } from "./groups.ts";
import { type GroupVersion, holdsAt, selectBatches, type Tables } from "./select-rows.ts";
import { toStatistics } from "./tally.ts";
import { tallyOf } from "./write-rows.ts";

export async function describeGroup(
  tables: Tables,
  place: GroupVersion,
  expectations: readonly FeatureExpectation[],
): Promise<FeatureGroupDescription> {
  const { schema, version: schemaVersion } = describeSchema(place.group);
  const versions = await listVersions(tables, place);
  return {
    ...place,
    schema,
    schemaVersion,
    statistics: toStatistics(place.group, await tallyOf(tables, place)),
    expectations,
    freshness: await listFreshness(tables, place, versions),
    versions,
  };
}

async function listFreshness(
  tables: Tables,
  { group, version }: GroupVersion,
  versions: readonly FeatureVersion[],
): Promise<FeatureFreshness[]> {
  const rows = await tables
    .selectFrom("feature_row")
    .select((e) => [
      "author_id",
      e.fn.countAll<number>().as("row_count"),
      e.fn.max("event_at").as("event_at"),
      e.fn.max("from_version").as("last_version"),
    ])
    .where("group_name", "=", group)
    .where(holdsAt(version))
    .groupBy("author_id")
    .execute();
  const told = rows.map(async ({ author_id, row_count, event_at, last_version }) => {
    const [first] = (await selectBatches(tables, { group, version }, { authorIds: [author_id] }).next()).value ?? [];
    return {
      authorId: author_id,
      authorFullName: first ? parseRow(group, first).authorFullName : author_id,
      rowCount: row_count,
      newestEventAt: event_at,
      lastWrittenAt: versions.find((each) => each.version === last_version)?.writtenAt ?? "",
    };
  });
  return (await Promise.all(told)).sort((a, b) => (a.authorFullName < b.authorFullName ? -1 : 1));
}

async function listVersions(tables: Tables, { group, version }: GroupVersion): Promise<FeatureVersion[]> {
  const rows = await tables
    .selectFrom("feature_version")
    .select(["version", "written_at", "schema_version", "written_count", "removed_count", "flags"])
    .where("group_name", "=", group)
    .where("version", "<=", version)
    .orderBy("version")
    .execute();
  const tombstones = await tables
    .selectFrom("feature_tombstone")
    .select(["from_version", "to_version"])
    .where("group_name", "=", group)
    .execute();
  return rows.map((row) => ({
    version: row.version,
    writtenAt: row.written_at,
    schemaVersion: row.schema_version,
    writtenCount: row.written_count,
    removedCount: row.removed_count,
    forgottenCount: tombstones.filter((t) => t.from_version <= row.version && t.to_version > row.version).length,
    flags: JSON.parse(row.flags),
  }));
}
