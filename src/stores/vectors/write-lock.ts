/**
 * One writer at a time. Engines let two processes write the same new row twice without a word, so whoever writes the
 * index holds a lock: of the operating system, which takes it back from a process that was killed.
 */

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { VectorEngineError } from "./errors.ts";

/** Runs `body` while nobody else runs one under the same lock. Not to be asked for by a body that holds it. */
export type WriteLock = <T>(body: () => Promise<T>) => Promise<T>;

/** Callers of this process, one after the other, in order. */
export function processLock(): WriteLock {
  let tail: Promise<unknown> = Promise.resolve();
  return (body) => {
    const result = tail.then(body);
    tail = result.catch(() => undefined);
    return result;
  };
}

const RETRY_MS = 20;
const SQLITE_BUSY = 5;

/** A lock that the processes of one machine share: SQLite's on a file, made when absent and left empty. */
export function fileLock(file: string, clock: Clock): WriteLock {
  return async (body) => {
    await mkdir(dirname(file), { recursive: true });
    const connection = new DatabaseSync(file, { timeout: 0 });
    try {
      while (!takeLock(connection)) await clock.sleep(RETRY_MS);
      return await body();
    } finally {
      connection.close();
    }
  };
}

function takeLock(connection: DatabaseSync): boolean {
  try {
    connection.exec("begin exclusive");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return false;
    throw new VectorEngineError("lock", "take the lock of the index", error);
  }
}
