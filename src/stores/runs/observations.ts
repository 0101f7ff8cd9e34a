/** What steps said: written in batches, read by run. */

import { sql } from "kysely";
import type { ObservationLog, Observations } from "../../contracts/run-journal.ts";
import type { LogRecord, MetadataRecord } from "../../contracts/runs.ts";
import { inParts } from "./invocation-writes.ts";
import type { RunDatabase, RunTables, RunTransaction } from "./tables.ts";

export async function appendObservations(
  tx: RunTransaction,
  runId: string,
  { logs, metrics, metadata }: Observations,
): Promise<void> {
  for (const part of inParts(logs)) {
    const rows = part.map(({ invocationId, attempt, level, message, fields, atMs }) => ({
      run_id: runId,
      invocation_id: invocationId,
      attempt,
      level,
      message,
      fields: JSON.stringify(fields),
      at_ms: atMs,
    }));
    await tx.insertInto("log_line").values(rows).execute();
  }
  for (const part of inParts(metrics)) {
    const rows = part.map(({ invocationId, name, value, atStep, atMs }) => ({
      run_id: runId,
      invocation_id: invocationId,
      name,
      value,
      at_step: atStep,
      at_ms: atMs,
    }));
    await tx.insertInto("metric").values(rows).execute();
  }
  for (const { invocationId, key, value } of metadata) {
    await tx
      .insertInto("run_metadata")
      .values({ run_id: runId, invocation_id: invocationId ?? "", key, value: JSON.stringify(value) })
      .onConflict((conflict) =>
        conflict.columns(["run_id", "invocation_id", "key"]).doUpdateSet({ value: JSON.stringify(value) }),
      )
      .execute();
  }
}

export function createObservationLog(tables: RunDatabase): ObservationLog {
  return {
    async listLogs(runId, { invocationId } = {}) {
      let query = tables.selectFrom("log_line").selectAll().where("run_id", "=", runId).orderBy("at_ms");
      if (invocationId !== undefined) query = query.where("invocation_id", "=", invocationId);
      return (await query.execute()).map((row) => ({
        invocationId: row.invocation_id,
        attempt: row.attempt,
        level: row.level as LogRecord["level"], // written from LogLevel
        message: row.message,
        fields: JSON.parse(row.fields),
        atMs: row.at_ms,
      }));
    },
    async listMetrics(runId, { invocationId, name } = {}) {
      let query = tables.selectFrom("metric").selectAll().where("run_id", "=", runId);
      if (invocationId !== undefined) query = query.where("invocation_id", "=", invocationId);
      if (name !== undefined) query = query.where("name", "=", name);
      return (await query.orderBy("at_ms").orderBy("at_step").execute()).map((row) => ({
        invocationId: row.invocation_id,
        name: row.name,
        value: row.value,
        atStep: row.at_step,
        atMs: row.at_ms,
      }));
    },
    async listMetadata(runId) {
      const rows = await tables.selectFrom("run_metadata").selectAll().where("run_id", "=", runId).execute();
      return rows.map(toMetadata);
    },
    async findMetadata({ key, text }) {
      const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
      const rows = await tables
        .selectFrom("run_metadata")
        .selectAll()
        .where("key", "=", key)
        .where(sql<boolean>`value like ${pattern} escape '\\'`)
        .orderBy("run_id")
        .orderBy("invocation_id")
        .execute();
      // SQLite compares without case.
      return rows.filter(({ value }) => value.includes(text)).map((row) => ({ runId: row.run_id, ...toMetadata(row) }));
    },
  };
}

const toMetadata = ({ invocation_id, key, value }: RunTables["run_metadata"]): MetadataRecord => ({
  invocationId: invocation_id === "" ? null : invocation_id,
  key,
  value: JSON.parse(value),
});
