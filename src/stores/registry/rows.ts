/** Rows of the registry's tables as the records they stand for. */

import type { Kysely } from "kysely";
import { type ModelEvent, type ModelRef, ModelVersion } from "../../contracts/registry.ts";
import { parseWith } from "../../core/schema.ts";
import { ModelVersionMissingError } from "./errors.ts";
import type { RegistryTables } from "./tables.ts";

type Tables = Kysely<RegistryTables>;
type VersionRow = RegistryTables["model_version"];

/** Versions by name, newest first. */
export function rowsOf(tables: Tables, name?: string): Promise<VersionRow[]> {
  const rows = tables.selectFrom("model_version").selectAll().orderBy("name").orderBy("version", "desc");
  return (name === undefined ? rows : rows.where("name", "=", name)).execute();
}

/** @throws {ModelVersionMissingError} naming the versions that there are */
export async function rowOf(tables: Tables, { name, version }: ModelRef): Promise<VersionRow> {
  const rows = await rowsOf(tables, name);
  const row = rows.find((each) => each.version === version);
  if (row) return row;
  throw new ModelVersionMissingError(name, version, rows.map((each) => each.version).reverse());
}

/** Aliases of a name's versions, or of all. */
export function aliasesOf(tables: Tables, name?: string): Promise<RegistryTables["model_alias"][]> {
  const rows = tables.selectFrom("model_alias").selectAll().orderBy("name").orderBy("alias");
  return (name === undefined ? rows : rows.where("name", "=", name)).execute();
}

/** The versions of a name, or all, with their aliases. */
export async function versionsOf(tables: Tables, name?: string): Promise<ModelVersion[]> {
  const aliases = await aliasesOf(tables, name);
  const rows = await rowsOf(tables, name);
  return rows.map((row) => {
    const own = aliases.filter((each) => each.name === row.name && each.version === row.version);
    return toModelVersion(
      row,
      own.map(({ alias }) => alias),
    );
  });
}

export function toModelVersion(row: VersionRow, aliases: readonly string[]): ModelVersion {
  const { created_at: createdAt, content_key: _, ...rest } = row;
  const parsed = {
    ...rest,
    aliases,
    files: JSON.parse(row.files),
    metrics: JSON.parse(row.metrics),
    lineage: JSON.parse(row.lineage),
    remote: JSON.parse(row.remote),
    facts: JSON.parse(row.facts),
    tags: JSON.parse(row.tags),
    forgotten: JSON.parse(row.forgotten),
    createdAt,
  };
  return parseWith(ModelVersion, parsed, `version ${row.version} of the model ${row.name}`);
}

/** Writes an event down, under the registry's write lock. */
export async function addEvent(tables: Tables, event: Omit<ModelEvent, "sequence">): Promise<void> {
  const last = await tables
    .selectFrom("model_event")
    .select(({ fn }) => fn.max("sequence").as("sequence"))
    .where("name", "=", event.name)
    .executeTakeFirst();
  const row = { ...event, detail: JSON.stringify(event.detail), sequence: Number(last?.sequence ?? 0) + 1 };
  await tables.insertInto("model_event").values(row).execute();
}

/** A name's events, oldest first. */
export async function eventsOf(tables: Tables, name: string): Promise<ModelEvent[]> {
  const rows = await tables
    .selectFrom("model_event")
    .selectAll()
    .where("name", "=", name)
    .orderBy("sequence")
    .execute();
  // Only `addEvent` writes them.
  return rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) }) as ModelEvent);
}
