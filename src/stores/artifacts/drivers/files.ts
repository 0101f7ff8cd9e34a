/**
 * Bytes as files, spread over folders by the end of their key.
 * A file is written beside its place, synchronised, and renamed: after a crash it is whole or absent.
 */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../../../core/clock.ts";
import type { BlobDriver, BlobFacts } from "../driver.ts";
import { ArtifactStoreUnusableError } from "../errors.ts";

/** Where the files are. */
export interface FilesBlobsOptions {
  /** Made when absent. */
  readonly folder: string;
  /** Of the times that `touch` sets; files that are written have the file system's. */
  readonly clock?: Clock;
}

/** Bytes under a folder, safe for any number of processes at once. */
export function filesBlobs({ folder, clock = systemClock() }: FilesBlobsOptions): BlobDriver {
  const pathOf = (key: string): string => join(folder, key.slice(-2), key);
  return {
    name: "files",
    can: { readCheaply: true },
    read: (key) => unlessAbsent(pathOf(key), (path) => readFile(path)),
    write: (key, bytes) => wrapErrors(pathOf(key), (path) => writeDurably(path, bytes)),
    stat: (key) => unlessAbsent(pathOf(key), factsOf),
    async touch(key) {
      const now = new Date(clock.now());
      await unlessAbsent(pathOf(key), (path) => utimes(path, now, now));
    },
    delete: (key) => wrapErrors(pathOf(key), (path) => rm(path, { force: true })),
    async *list() {
      for (const end of (await unlessAbsent(folder, (path) => readdir(path, { withFileTypes: true }))) ?? []) {
        if (!end.isDirectory()) continue;
        for (const key of (await unlessAbsent(join(folder, end.name), (path) => readdir(path))) ?? []) {
          const facts = KEY.test(key) ? await unlessAbsent(pathOf(key), factsOf) : undefined;
          if (facts) yield { key, ...facts };
        }
      }
    },
  };
}

/** What is written beside its place has another name until it is whole. */
const KEY = /^[A-Za-z0-9-]+$/;

async function factsOf(path: string): Promise<BlobFacts> {
  const { size, mtimeMs } = await stat(path);
  return { sizeBytes: size, modifiedAtMs: Math.floor(mtimeMs) };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await using file = await open(temporary, "wx");
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, path);
  if (process.platform === "win32") return; // a folder cannot be opened there; the rename is journalled
  await using parent = await open(dirname(path), "r");
  await parent.sync();
}

async function unlessAbsent<T>(path: string, read: (path: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await read(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ArtifactStoreUnusableError(path, cause);
  }
}

async function wrapErrors<T>(path: string, body: (path: string) => Promise<T>): Promise<T> {
  try {
    return await body(path);
  } catch (cause) {
    throw new ArtifactStoreUnusableError(path, cause);
  }
}
