/** Versions of artifacts, with who made and who read them. */

import { type SelectQueryBuilder, sql } from "kysely";
import { takeWriteLock } from "../../contracts/database.ts";
import type { ArtifactCatalog } from "../../contracts/run-journal.ts";
import type { ArtifactRecord } from "../../contracts/runs.ts";
import type { ContentHash } from "../../core/hash.ts";
import type { Writing } from "./attempt-lease.ts";
import { ArtifactInUseError } from "./errors.ts";
import { addArtifact, inParts } from "./invocation-writes.ts";
import type { RunDatabase, RunTables } from "./tables.ts";

export function createArtifactCatalog(tables: RunDatabase, { clock, commit }: Writing): ArtifactCatalog {
  return {
    list: (filter = {}) => readArtifacts(tables, filter),
    async find(idOrName) {
      const filter = idOrName.includes("@") ? { id: idOrName } : { name: idOrName };
      return (await readArtifacts(tables, { ...filter, limit: 1 }))[0];
    },
    async readInline(artifactId) {
      const row = await tables.selectFrom("artifact").select("content").where("id", "=", artifactId).executeTakeFirst();
      return row?.content ?? undefined;
    },
    async register(draft) {
      const { name, hash, source } = draft;
      const nowMs = clock.now();
      return commit(async (tx) => {
        await takeWriteLock(tx, "artifact-register");
        const [known] = await readArtifacts(tx, { name, hash, source, limit: 1 });
        return known ?? addArtifact(tx, { ...draft, output: "", content: null }, { place: null, nowMs });
      });
    },
    listUnused: async () => (await readArtifacts(tables, { unused: true })).reverse(),
    erase: (ids) =>
      commit(async (tx) => {
        for (const part of inParts(ids)) {
          const erased = tx.updateTable("artifact").set({ content: null, preview: "null" });
          await erased.where("id", "in", [...part]).execute();
        }
      }),
    remove: (ids) =>
      commit(async (tx) => {
        for (const part of inParts(ids)) {
          const used = await usedArtifacts(tx)
            .where("artifact.id", "in", [...part])
            .select("artifact.id")
            .limit(1)
            .executeTakeFirst();
          if (used) throw new ArtifactInUseError(used.id);
          await tx
            .deleteFrom("artifact")
            .where("id", "in", [...part])
            .execute();
        }
      }),
  };
}

/** Artifacts that an invocation of a run that is there made or reads. */
function usedArtifacts(database: RunDatabase) {
  return database.selectFrom("artifact").where((e) => {
    const uses = (table: "invocation_output" | "invocation_input") =>
      e.exists(
        e
          .selectFrom(table)
          .innerJoin("run", "run.id", `${table}.run_id`)
          .select("run.id")
          .whereRef(`${table}.artifact_id`, "=", "artifact.id"),
      );
    return e.or([uses("invocation_output"), uses("invocation_input")]);
  });
}

interface ArtifactFilter {
  readonly id?: string;
  readonly name?: string;
  readonly runId?: string;
  readonly hash?: ContentHash;
  /** Of artifacts from outside. */
  readonly source?: string | null;
  /** A query for ids. */
  readonly usedBy?: SelectQueryBuilder<RunTables, "invocation_output", { artifact_id: string }>;
  readonly unused?: boolean;
  readonly limit?: number;
}

/** Artifact versions, newest first; without their bytes. `consumers` are read unless they are not wanted. */
export async function readArtifacts(
  database: RunDatabase,
  filter: ArtifactFilter,
  { withConsumers = true } = {},
): Promise<ArtifactRecord[]> {
  const { id, name, runId, hash, source, usedBy, unused, limit } = filter;
  let query = database
    .selectFrom("artifact")
    .select(["id", "name", "version", "run_id", "invocation_id", "output", "hash", "size_bytes", "materializer"])
    .select(["schema_id", "preview", "source", "created_at_ms"])
    .select(sql<number>`case when content is null then 0 else 1 end`.as("inline"))
    .orderBy("created_at_ms", "desc")
    .orderBy("version", "desc");
  if (id !== undefined) query = query.where("id", "=", id);
  if (name !== undefined) query = query.where("name", "=", name);
  if (runId !== undefined) query = query.where("run_id", "=", runId);
  if (hash !== undefined) query = query.where("hash", "=", hash);
  if (unused) query = query.where("id", "not in", usedArtifacts(database).select("artifact.id"));
  if (source !== undefined) query = query.where("run_id", "=", "").where("source", "is not distinct from", source);
  if (usedBy !== undefined) query = query.where("id", "in", usedBy);
  if (limit !== undefined) query = query.limit(limit);
  const rows = await query.execute();
  const consumersOf = withConsumers
    ? await readConsumers(
        database,
        rows.map(({ id }) => id),
      )
    : new Map<string, ArtifactRecord["consumers"]>();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    version: row.version,
    hash: row.hash as ContentHash, // written from ArtifactDraft.hash
    sizeBytes: row.size_bytes,
    materializer: row.materializer,
    schemaId: row.schema_id,
    preview: JSON.parse(row.preview),
    inline: row.inline === 1,
    output: row.output,
    producer: row.run_id === "" ? null : { runId: row.run_id, invocationId: row.invocation_id },
    source: row.source,
    consumers: consumersOf.get(row.id) ?? [],
    createdAtMs: row.created_at_ms,
  }));
}

async function readConsumers(
  database: RunDatabase,
  ids: readonly string[],
): Promise<Map<string, ArtifactRecord["consumers"]>> {
  const consumers = new Map<string, { runId: string; invocationId: string }[]>();
  for (const part of inParts(ids)) {
    const rows = await database
      .selectFrom("invocation_input")
      .selectAll()
      .where("artifact_id", "in", [...part])
      .execute();
    for (const { artifact_id, run_id, invocation_id } of rows) {
      const known = consumers.get(artifact_id) ?? [];
      known.push({ runId: run_id, invocationId: invocation_id });
      consumers.set(artifact_id, known);
    }
  }
  return consumers;
}
