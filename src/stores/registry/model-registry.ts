/**
 * The model registry over SQL. What a version was made of never changes; its stage, names, words and measured values
 * do, and every change is an event. Writers take turns, so a number is given once and a stage has one holder.
 */

import type { Kysely } from "kysely";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import {
  type ModelEvent,
  ModelFacts,
  ModelLineage,
  type ModelRef,
  type ModelRegistry,
  ModelStage,
  type ModelWords,
  type NewModel,
} from "../../contracts/registry.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson } from "../../core/hash.ts";
import { ModelAliasError, ModelForgottenError, ModelInUseError } from "./errors.ts";
import { addEvent, aliasesOf, eventsOf, rowOf, rowsOf, toModelVersion, versionsOf } from "./rows.ts";
import type { RegistryTables } from "./tables.ts";
import { retagged } from "./tags.ts";

type Tables = Kysely<RegistryTables>;
type Happened = Omit<ModelEvent, "sequence" | "at">;

/** A registry over a database that has `registryMigrations`. */
export function createModelRegistry(database: Database, clock: Clock): ModelRegistry {
  const tables = database.withTables<RegistryTables>();
  const at = (): string => new Date(clock.now()).toISOString();
  const write = <T>(body: (writing: Writing) => Promise<T>): Promise<T> =>
    tables.transaction().execute(async (transaction) => {
      await takeWriteLock(transaction, "registry");
      const happened = (event: Happened): Promise<void> => addEvent(transaction, { ...event, at: at() });
      return body({ tables: transaction, at: at(), happened });
    });
  return {
    register: (model) => write((writing) => register(writing, model)),
    list: (name) => versionsOf(tables, name),
    async find(name, which = "latest") {
      const versions = await versionsOf(tables, name);
      if (which === "latest") return versions[0];
      return versions.find(
        ({ version, stage, aliases }) => version === which || stage === which || aliases.includes(String(which)),
      );
    },
    setStage: ({ name, version }, stage, note = {}) =>
      write((writing) => setStage(writing, { name, version }, { stage, note })),
    setAlias: (name, alias, version) => write((writing) => setAlias(writing, { name, alias }, version)),
    describe: ({ name, version }, words) => write((writing) => describe(writing, { name, version }, words)),
    addMetrics: ({ name, version }, metrics, note = {}) =>
      write(async (writing) => {
        const known = JSON.parse((await rowOf(writing.tables, { name, version })).metrics);
        const columns = { metrics: JSON.stringify({ ...known, ...metrics }) };
        return change(writing, { name, version, kind: "evaluated", detail: { ...note, metrics } }, columns);
      }),
    forgetDocuments: (documentIds) => write((writing) => forgetDocuments(writing, new Set(documentIds))),
    remove: ({ name, version }) => write((writing) => remove(writing, { name, version })),
    history: (name) => eventsOf(tables, name),
    async fingerprint() {
      return hashJson([await rowsOf(tables), await aliasesOf(tables)]);
    },
  };
}

/** A transaction that nobody else writes in. */
interface Writing {
  readonly tables: Tables;
  readonly at: string;
  happened(event: Happened): Promise<void>;
}

/** Equal models are one version, whenever and by whatever commit they were trained. */
function contentKeyOf({ files, lineage, remote }: NewModel): string {
  const { code: _, ...data } = lineage;
  return hashJson({ files, lineage: { ...data, runId: "" }, ...(remote && { remote }) });
}

async function register({ tables, at, happened }: Writing, model: NewModel) {
  const { name } = model;
  const contentKey = contentKeyOf(model);
  const versions = await versionsOf(tables, name);
  const same = (await rowsOf(tables, name)).find((row) => row.content_key === contentKey);
  const known = versions.find(({ version }) => version === same?.version);
  if (known) return known;
  const given = [...versions, ...(await eventsOf(tables, name))].map(({ version }) => version);
  const row: RegistryTables["model_version"] = {
    name,
    version: Math.max(0, ...given) + 1, // no number is given twice, nor that of a removed version
    kind: model.kind ?? "lora",
    stage: "none",
    rights: model.rights,
    files: JSON.stringify(model.files),
    metrics: JSON.stringify(model.metrics),
    lineage: JSON.stringify(ModelLineage.parse(model.lineage)),
    remote: JSON.stringify(model.remote ?? null),
    facts: JSON.stringify(ModelFacts.parse(model.facts ?? {})),
    tags: "[]",
    forgotten: "[]",
    description: "",
    created_at: at,
    content_key: contentKey,
  };
  const registered = toModelVersion(row, []);
  await tables.insertInto("model_version").values(row).execute();
  await happened({ name, version: row.version, kind: "registered", detail: { runId: registered.lineage.runId } });
  return registered;
}

async function setStage(
  writing: Writing,
  { name, version }: ModelRef,
  { stage, note }: { stage: ModelStage; note: ModelEvent["detail"] },
) {
  const { tables } = writing;
  const row = await rowOf(tables, { name, version });
  const forgotten: string[] = JSON.parse(row.forgotten);
  const isExclusive = stage === "staging" || stage === "production";
  if (isExclusive && forgotten.length > 0) throw new ModelForgottenError({ name, version }, stage, forgotten);
  const holders = isExclusive ? (await rowsOf(tables, name)).filter((each) => each.stage === stage) : [];
  for (const holder of holders.filter((each) => each.version !== version)) {
    const detail = { from: stage, to: "archived", replacedBy: version };
    await change(writing, { name, version: holder.version, kind: "stage", detail }, { stage: "archived" });
  }
  const detail = { from: row.stage, to: stage, ...note };
  return change(writing, { name, version, kind: "stage", detail }, { stage });
}

async function setAlias(
  { tables, happened }: Writing,
  { name, alias }: { name: string; alias: string },
  version: number | null,
): Promise<void> {
  const reserved = ["latest", ...ModelStage.options];
  if (!/^\p{L}[\p{L}\p{N}_-]{0,63}$/u.test(alias) || reserved.includes(alias)) throw new ModelAliasError(alias);
  if (version !== null) await rowOf(tables, { name, version });
  const before = (await aliasesOf(tables, name)).find((each) => each.alias === alias)?.version ?? null;
  if (before === version) return;
  await tables.deleteFrom("model_alias").where("name", "=", name).where("alias", "=", alias).execute();
  if (version !== null) await tables.insertInto("model_alias").values({ name, alias, version }).execute();
  await happened({
    name,
    version: version ?? before ?? 0,
    kind: "alias",
    detail: { alias, from: before, to: version },
  });
}

async function describe(writing: Writing, { name, version }: ModelRef, words: ModelWords) {
  const row = await rowOf(writing.tables, { name, version });
  const { description = row.description, addTags = [], removeTags = [] } = words;
  const tags = retagged(JSON.parse(row.tags), addTags, removeTags);
  const detail = { ...words } as ModelEvent["detail"]; // texts and lists of texts
  return change(writing, { name, version, kind: "described", detail }, { description, tags: JSON.stringify(tags) });
}

async function forgetDocuments(writing: Writing, documentIds: ReadonlySet<string>): Promise<ModelRef[]> {
  const marked: ModelRef[] = [];
  for (const { name, version, lineage, forgotten } of await versionsOf(writing.tables)) {
    const own = lineage.documents.map((key) => key.replace(/@\d+$/, "")).filter((id) => documentIds.has(id));
    if (own.length === 0) continue;
    const all = JSON.stringify([...new Set([...forgotten, ...own])].sort());
    const event = { name, version, kind: "forgotten", detail: { documentCount: new Set(own).size } } as const;
    await change(writing, event, { forgotten: all });
    marked.push({ name, version });
  }
  return marked;
}

async function remove({ tables, happened }: Writing, { name, version }: ModelRef) {
  const row = await rowOf(tables, { name, version });
  if (row.stage === "production") throw new ModelInUseError({ name, version });
  const aliases = (await aliasesOf(tables, name)).filter((each) => each.version === version);
  for (const table of ["model_alias", "model_version"] as const) {
    await tables.deleteFrom(table).where("name", "=", name).where("version", "=", version).execute();
  }
  await happened({ name, version, kind: "removed", detail: { stage: row.stage } });
  return toModelVersion(
    row,
    aliases.map(({ alias }) => alias),
  );
}

/** Sets columns of a version and writes the event down, unless the version has them already. */
async function change(
  { tables, happened }: Writing,
  { name, version, kind, detail }: Happened,
  columns: Partial<RegistryTables["model_version"]>,
) {
  const before = await rowOf(tables, { name, version });
  const row = { ...before, ...columns };
  if (hashJson(before) !== hashJson(row)) {
    await tables
      .updateTable("model_version")
      .where("name", "=", name)
      .where("version", "=", version)
      .set(columns)
      .execute();
    await happened({ name, version, kind, detail });
  }
  const aliases = (await aliasesOf(tables, name)).filter((each) => each.version === version);
  return toModelVersion(
    row,
    aliases.map(({ alias }) => alias),
  );
}
