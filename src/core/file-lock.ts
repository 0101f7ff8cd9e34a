/**
 * A lock that the processes of one machine share: SQLite's on a file, which the operating system takes back from a
 * process that ended, however it did. The file is made where it is absent and stays empty.
 */

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "./clock.ts";

const RETRY_MS = 20;
const SQLITE_BUSY = 5;

export interface FileLockOptions {
  readonly clock: Clock;
  /** Between attempts. Default 20. */
  readonly retryMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Called before each wait. */
  onWait?(): void | Promise<void>;
}

/**
 * Waits for the lock and takes it.
 *
 * @returns what gives it back
 * @throws the signal's reason when it aborts first; the system's error when the file cannot be made or locked
 */
export async function takeFileLock(
  file: string,
  { clock, retryMs = RETRY_MS, signal, onWait }: FileLockOptions,
): Promise<() => void> {
  await mkdir(dirname(file), { recursive: true });
  const { DatabaseSync } = await import("node:sqlite");
  const connection = new DatabaseSync(file, { timeout: 0 });
  try {
    while (!tryLock(connection)) {
      await onWait?.();
      await clock.sleep(retryMs, signal);
    }
  } catch (error) {
    connection.close();
    throw error;
  }
  return () => connection.close();
}

function tryLock(connection: { exec(sql: string): void }): boolean {
  try {
    connection.exec("begin exclusive");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
