/** Enqueuing for a driver: what it starts while one transaction is being written shares the next. */

import type { DBOSClient } from "@dbos-inc/dbos-sdk";
import type { Pool } from "pg";
import { PROTOCOL, STEP_WORKFLOW, stepQueue } from "./library.ts";
import type { EnqueueStep } from "./remote-executor.ts";

interface Waiting {
  readonly work: Parameters<EnqueueStep>[0];
  readonly place: Parameters<EnqueueStep>[1];
  resolve(): void;
  reject(error: unknown): void;
}

/** Hands steps to DBOS, many in one transaction on a connection of `pool`, which is of DBOS's own database. */
export function createEnqueue(client: Pick<DBOSClient, "enqueue" | "enqueueInTransaction">, pool: Pool): EnqueueStep {
  let waiting: Waiting[] = [];
  let writing = false;

  const drain = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await enqueueTogether(group);
        for (const { resolve } of group) resolve();
      } catch {
        // One by one, which DBOS asks again until the database is back; what was written already stays as it is.
        await Promise.all(
          group.map(({ work, place, resolve, reject }) => client.enqueue(optionsOf(place), work).then(resolve, reject)),
        );
      }
    }
    writing = false;
  };
  const enqueueTogether = async (group: readonly Waiting[]): Promise<void> => {
    const connection = await pool.connect();
    try {
      await connection.query("begin");
      for (const { work, place } of group) await client.enqueueInTransaction(connection, optionsOf(place), work);
      await connection.query("commit");
      connection.release();
    } catch (error) {
      connection.release(true); // closed, and with it the transaction
      throw error;
    }
  };
  return (work, place) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, place, resolve, reject });
      if (!writing) void drain();
    });
}

function optionsOf({ id, resourceClass }: Waiting["place"]) {
  return {
    workflowName: STEP_WORKFLOW,
    workflowID: id,
    queueName: stepQueue(resourceClass),
    appVersion: PROTOCOL,
  };
}
