/** The cache of embeddings over SQL: a row a model and text, the vector as little-endian 32-bit floats. */

import { type Kysely, sql } from "kysely";
import type { Database, Migration } from "../../contracts/database.ts";
import type { CachedModel, EmbeddingCache } from "../../contracts/embeddings.ts";
import type { Clock } from "../../core/clock.ts";
import type { ContentHash } from "../../core/hash.ts";

type EmbeddingTables = {
  embedding_model: { fingerprint: string; last_used_at_ms: number };
  embedding: { fingerprint: string; text_hash: string; vector: Uint8Array };
};

/** The schema of the cache. */
export const embeddingMigrations: Migration[] = [
  {
    id: "embeddings-001",
    async up(database) {
      await sql`create table embedding_model (fingerprint text primary key, last_used_at_ms bigint not null)`.execute(
        database,
      );
      await sql`create table embedding (fingerprint text not null, text_hash text not null, vector blob not null,
        primary key (fingerprint, text_hash))`.execute(database);
    },
  },
];

/** Rows of one statement: below the parameters that SQLite and PostgreSQL take. */
const ROWS = 500;
/** A model's last use is written again when it is older than this. */
const USE_STEP_MS = 3_600_000;

/** A cache over a database that has `embeddingMigrations`. */
export function createEmbeddingCache(database: Database, clock: Clock): EmbeddingCache {
  const tables = database.withTables<EmbeddingTables>();
  const seenAtMs = new Map<string, number>();
  const use = async (fingerprint: string): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs - (seenAtMs.get(fingerprint) ?? Number.NEGATIVE_INFINITY) < USE_STEP_MS) return;
    seenAtMs.set(fingerprint, nowMs);
    await tables
      .insertInto("embedding_model")
      .values({ fingerprint, last_used_at_ms: nowMs })
      .onConflict((conflict) => conflict.column("fingerprint").doUpdateSet({ last_used_at_ms: nowMs }))
      .execute();
  };
  return {
    async get(fingerprint, hashes) {
      await use(fingerprint);
      const found = new Map<ContentHash, Float32Array>();
      for (const part of inParts([...new Set(hashes)])) {
        const rows = await tables
          .selectFrom("embedding")
          .select(["text_hash", "vector"])
          .where("fingerprint", "=", fingerprint)
          .where("text_hash", "in", part)
          .execute();
        for (const row of rows) found.set(row.text_hash as ContentHash, fromBytes(row.vector)); // only hashes are asked for
      }
      return found;
    },
    async put(fingerprint, vectors) {
      await use(fingerprint);
      for (const part of inParts([...vectors])) {
        const rows = part.map(([text_hash, vector]) => ({ fingerprint, text_hash, vector: toBytes(vector) }));
        await tables
          .insertInto("embedding")
          .values(rows)
          .onConflict((conflict) => conflict.columns(["fingerprint", "text_hash"]).doNothing())
          .execute();
      }
    },
    async forget(hashes) {
      for (const part of inParts([...hashes])) {
        await tables.deleteFrom("embedding").where("text_hash", "in", part).execute();
      }
    },
    models: () => listModels(tables),
    prune(usedBeforeMs) {
      seenAtMs.clear();
      return tables.transaction().execute(async (transaction) => {
        const old = (await listModels(transaction)).filter(({ lastUsedAtMs }) => lastUsedAtMs < usedBeforeMs);
        for (const { fingerprint } of old) {
          await transaction.deleteFrom("embedding").where("fingerprint", "=", fingerprint).execute();
          await transaction.deleteFrom("embedding_model").where("fingerprint", "=", fingerprint).execute();
        }
        return old;
      });
    },
  };
}

async function listModels(tables: Kysely<EmbeddingTables>): Promise<CachedModel[]> {
  const rows = await tables
    .selectFrom("embedding_model")
    .leftJoin("embedding", "embedding.fingerprint", "embedding_model.fingerprint")
    .select((select) => [
      "embedding_model.fingerprint as fingerprint",
      "embedding_model.last_used_at_ms as lastUsedAtMs",
      select.fn.count<number>("embedding.text_hash").as("vectorCount"),
      sql<number>`coalesce(sum(length(embedding.vector)), 0)`.as("sizeBytes"),
    ])
    .groupBy(["embedding_model.fingerprint", "embedding_model.last_used_at_ms"])
    .execute();
  return rows
    .map((row) => ({ ...row, vectorCount: Number(row.vectorCount), sizeBytes: Number(row.sizeBytes) }))
    .sort((a, b) => b.lastUsedAtMs - a.lastUsedAtMs || (a.fingerprint < b.fingerprint ? -1 : 1));
}

function* inParts<T>(values: readonly T[]): Generator<T[]> {
  for (let start = 0; start < values.length; start += ROWS) yield values.slice(start, start + ROWS);
}

function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.slice().buffer);
}

function fromBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}
