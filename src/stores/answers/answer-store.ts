/** Answers of models over SQL: a row an answer, and a row for each document that its question told of. */

import { sql } from "kysely";
import type { AnswerStore } from "../../contracts/answers.ts";
import type { Database, Migration } from "../../contracts/database.ts";
import type { Clock } from "../../core/clock.ts";

type AnswerTables = {
  model_answer: { key: string; model_id: string; content: string; answered_at_ms: number };
  model_answer_document: { key: string; document_id: string };
};

/** The schema of the store. */
export const answerMigrations: Migration[] = [
  {
    id: "answers-001",
    async up(database) {
      await sql`create table model_answer (key text primary key, model_id text not null, content text not null,
        answered_at_ms bigint not null)`.execute(database);
      await sql`create table model_answer_document (document_id text not null, key text not null,
        primary key (document_id, key))`.execute(database);
    },
  },
];

/** Ids of one statement: below the parameters that SQLite and PostgreSQL take. */
const IDS = 500;

/** A store over a database that has `answerMigrations`. */
export function createAnswerStore(database: Database, clock: Clock): AnswerStore {
  const tables = database.withTables<AnswerTables>();
  return {
    async get(key) {
      const row = await tables.selectFrom("model_answer").select("content").where("key", "=", key).executeTakeFirst();
      return row === undefined ? undefined : JSON.parse(row.content);
    },
    async put(key, { modelId, documentIds, content }) {
      const row = { key, model_id: modelId, content: JSON.stringify(content), answered_at_ms: clock.now() };
      const documents = [...new Set(documentIds)].map((document_id) => ({ key, document_id }));
      await tables.transaction().execute(async (transaction) => {
        await transaction
          .insertInto("model_answer")
          .values(row)
          .onConflict((on) => on.column("key").doNothing())
          .execute();
        if (documents.length === 0) return;
        await transaction
          .insertInto("model_answer_document")
          .values(documents)
          .onConflict((on) => on.columns(["document_id", "key"]).doNothing())
          .execute();
      });
    },
    async forget(documentIds) {
      for (let start = 0; start < documentIds.length; start += IDS) {
        const ids = documentIds.slice(start, start + IDS);
        await tables.transaction().execute(async (transaction) => {
          await transaction
            .deleteFrom("model_answer")
            .where("key", "in", (query) =>
              query.selectFrom("model_answer_document").select("key").where("document_id", "in", ids),
            )
            .execute();
          await transaction.deleteFrom("model_answer_document").where("document_id", "in", ids).execute();
        });
      }
    },
    async count() {
      const rows = await tables
        .selectFrom("model_answer")
        .select((select) => ["model_id", select.fn.countAll<number>().as("answers")])
        .groupBy("model_id")
        .orderBy("model_id")
        .execute();
      return new Map(rows.map(({ model_id, answers }) => [model_id, Number(answers)]));
    },
  };
}
