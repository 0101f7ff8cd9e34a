/** The model registry over SQL: versions are added and never change, except for their stage. */

import type { Kysely } from "kysely";
import { type Database, takeWriteLock } from "../../contracts/database.ts";
import { ModelLineage, type ModelRegistry, ModelVersion } from "../../contracts/registry.ts";
import type { Clock } from "../../core/clock.ts";
import { hashJson } from "../../core/hash.ts";
import { parseWith } from "../../core/schema.ts";
import { ModelVersionMissingError } from "./errors.ts";
import type { RegistryTables } from "./tables.ts";

/** A registry over a database that has `registryMigrations`. */
export function createModelRegistry(database: Database, clock: Clock): ModelRegistry {
  const tables = database.withTables<RegistryTables>();
  return {
    async register(model) {
      const contentKey = hashJson({ files: model.files, lineage: { ...model.lineage, runId: "" } });
      return tables.transaction().execute(async (transaction) => {
        await takeWriteLock(transaction, "registry");
        const versions = await rowsOf(transaction, model.name);
        const same = versions.find((row) => row.content_key === contentKey);
        if (same) return toModelVersion(same);
        const row: RegistryTables["model_version"] = {
          name: model.name,
          version: (versions[0]?.version ?? 0) + 1,
          stage: "none",
          rights: model.rights,
          files: JSON.stringify(model.files),
          metrics: JSON.stringify(model.metrics),
          lineage: JSON.stringify(ModelLineage.parse(model.lineage)),
          card: model.card,
          created_at: new Date(clock.now()).toISOString(),
          content_key: contentKey,
        };
        const registered = toModelVersion(row);
        await transaction.insertInto("model_version").values(row).execute();
        return registered;
      });
    },
    list: async (name) => (await rowsOf(tables, name)).map(toModelVersion),
    async find(name, which = "latest") {
      const rows = await rowsOf(tables, name);
      const row = rows.find(({ version, stage }) => which === "latest" || version === which || stage === which);
      return row && toModelVersion(row);
    },
    async setStage(name, version, stage) {
      return tables.transaction().execute(async (transaction) => {
        await takeWriteLock(transaction, "registry");
        const rows = await rowsOf(transaction, name);
        const row = rows.find((each) => each.version === version);
        if (row === undefined) {
          const known = rows.map((each) => each.version).reverse();
          throw new ModelVersionMissingError(name, version, known);
        }
        const update = transaction.updateTable("model_version").where("name", "=", name);
        if (stage === "staging" || stage === "production") {
          await update.where("stage", "=", stage).where("version", "!=", version).set({ stage: "archived" }).execute();
        }
        await update.where("version", "=", version).set({ stage }).execute();
        return toModelVersion({ ...row, stage });
      });
    },
    async fingerprint() {
      const rows = await rowsOf(tables);
      return hashJson(rows.map(({ name, version, stage, content_key }) => [name, version, stage, content_key]));
    },
  };
}

/** Rows by name, newest first. */
function rowsOf(tables: Kysely<RegistryTables>, name?: string): Promise<RegistryTables["model_version"][]> {
  const rows = tables.selectFrom("model_version").selectAll().orderBy("name").orderBy("version", "desc");
  return (name === undefined ? rows : rows.where("name", "=", name)).execute();
}

function toModelVersion(row: RegistryTables["model_version"]): ModelVersion {
  const { created_at: createdAt, content_key: _, ...rest } = row;
  const parsed = {
    ...rest,
    files: JSON.parse(row.files),
    metrics: JSON.parse(row.metrics),
    lineage: JSON.parse(row.lineage),
    createdAt,
  };
  return parseWith(ModelVersion, parsed, `version ${row.version} of the model ${row.name}`);
}
