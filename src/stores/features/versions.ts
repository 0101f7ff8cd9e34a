/**
 * Versions of a group and their times. A version is dated by the clock, but never before the version before and
 * always after the last time that was read, so that what a time gives cannot change.
 */

import type { Transaction } from "kysely";
import { takeWriteLock } from "../../contracts/database.ts";
import type { FeatureFilter, FeatureGroupName } from "../../contracts/features.ts";
import { FeatureTimeError, FeatureVersionUnknownError } from "./errors.ts";
import { toUtc } from "./event-time.ts";
import type { Tables } from "./select-rows.ts";
import type { FeatureTables } from "./tables.ts";

export async function latestVersion(tables: Tables, group: FeatureGroupName): Promise<number> {
  const row = await tables
    .selectFrom("feature_version")
    .select((e) => e.fn.max("version").as("version"))
    .where("group_name", "=", group)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/** Gives the latest version. @throws {FeatureVersionUnknownError} */
export async function assertWritten(tables: Tables, group: FeatureGroupName, version: number): Promise<number> {
  const latest = await latestVersion(tables, group);
  if (!Number.isInteger(version) || version < 0 || version > latest) {
    throw new FeatureVersionUnknownError(group, version, latest);
  }
  return latest;
}

interface When {
  readonly group: FeatureGroupName;
  readonly nowMs: number;
}

/** The version that a filter asks for. */
export async function resolveVersion(
  tables: Tables,
  { group, nowMs }: When,
  { version, asOf }: Pick<FeatureFilter, "version" | "asOf">,
): Promise<number> {
  if (version === undefined && asOf !== undefined) return versionAt(tables, { group, nowMs }, asOf);
  const latest = await assertWritten(tables, group, version ?? 0);
  return version ?? latest;
}

async function versionAt(tables: Tables, { group, nowMs }: When, asOf: string): Promise<number> {
  const time = toUtc(asOf);
  if (time === null) throw new FeatureTimeError(asOf, "is no time");
  if (Date.parse(time) > nowMs) throw new FeatureTimeError(asOf, "has not come yet");
  if ((await readUntil(tables, group)) >= time) return lastWrittenBy(tables, group, time);
  return tables.transaction().execute(async (transaction) => {
    await takeWriteLock(transaction, "features");
    if ((await readUntil(transaction, group)) < time) {
      await transaction
        .insertInto("feature_reading")
        .values({ group_name: group, read_until: time })
        .onConflict((c) => c.column("group_name").doUpdateSet({ read_until: time }))
        .execute();
    }
    return lastWrittenBy(transaction, group, time);
  });
}

async function lastWrittenBy(tables: Tables, group: FeatureGroupName, time: string): Promise<number> {
  const row = await tables
    .selectFrom("feature_version")
    .select((e) => e.fn.max("version").as("version"))
    .where("group_name", "=", group)
    .where("written_at", "<=", time)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/** Times up to this one are settled. */
async function readUntil(tables: Tables, group: FeatureGroupName): Promise<string> {
  const row = await tables
    .selectFrom("feature_reading")
    .select("read_until")
    .where("group_name", "=", group)
    .executeTakeFirst();
  return row?.read_until ?? "";
}

/** When the next version is written. */
export async function nextTime(transaction: Transaction<FeatureTables>, { group, nowMs }: When): Promise<string> {
  const last = await transaction
    .selectFrom("feature_version")
    .select((e) => e.fn.max("written_at").as("written_at"))
    .where("group_name", "=", group)
    .executeTakeFirst();
  const readMs = Date.parse(await readUntil(transaction, group));
  const times = [nowMs, Date.parse(last?.written_at ?? ""), readMs + 1].filter((time) => !Number.isNaN(time));
  return new Date(Math.max(...times)).toISOString();
}
