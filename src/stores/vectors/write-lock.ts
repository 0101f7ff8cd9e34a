/**
 * One writer at a time. Engines let two processes write the same new row twice without a word, so whoever writes the
 * index holds a lock: of the operating system, which takes it back from a process that was killed.
 */

import type { Clock } from "../../core/clock.ts";
import { takeFileLock } from "../../core/file-lock.ts";
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

/** A lock that the processes of one machine share. @throws {VectorEngineError} where the file cannot be locked */
export function fileLock(file: string, clock: Clock): WriteLock {
  return async (body) => {
    const release = await takeFileLock(file, { clock }).catch((error: unknown) => {
      throw new VectorEngineError("lock", "take the lock of the index", error);
    });
    try {
      return await body();
    } finally {
      release();
    }
  };
}
