/**
 * Bytes as files, spread over folders by the end of their key.
 * A file is written beside its place, synchronised, and renamed: after a crash it is whole or absent.
 */

import { randomUUID } from "node:crypto";
import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobDriver } from "../driver.ts";
import { ArtifactStoreUnusableError } from "../errors.ts";

/** Where the files are. */
export interface FilesBlobsOptions {
  /** Made when absent. */
  readonly folder: string;
}

/** Bytes under a folder, safe for any number of processes at once. */
export function filesBlobs({ folder }: FilesBlobsOptions): BlobDriver {
  const pathOf = (key: string): string => join(folder, key.slice(-2), key);
  return {
    name: "files",
    read: (key) => unlessAbsent(pathOf(key), (path) => readFile(path)),
    write: (key, bytes) => wrapErrors(pathOf(key), (path) => writeDurably(path, bytes)),
    has: async (key) => (await unlessAbsent(pathOf(key), (path) => access(path).then(() => true))) ?? false,
    delete: (key) => wrapErrors(pathOf(key), (path) => rm(path, { force: true })),
  };
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
