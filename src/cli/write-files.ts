/** Files of a folder, written below one place and nowhere else: a link on the way is not followed. */

import type { Stats } from "node:fs";
import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PathTakenError, UnwritablePathError } from "./errors.ts";

/**
 * Writes `files`, by paths with `/`, below `root`, which is made when absent. Other files that are there stay.
 * Without `force` nothing is written when anything would be written over.
 *
 * @throws {PathTakenError} (`path-taken`) for the first file that is there
 * @throws {UnwritablePathError} (`unwritable-path`) where a folder is in the way, or a link that may lead elsewhere
 */
export async function writeFiles(
  root: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  { force }: { readonly force: boolean },
): Promise<void> {
  for (const name of files.keys()) await assertFree(root, name, force);
  await told(root, () => mkdir(root, { recursive: true }));
  for (const [name, bytes] of files) {
    const path = join(root, name);
    await told(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      if (force) await rm(path, { force: true }); // a link is replaced, and what it leads to is left alone
      await writeFile(path, bytes, { flag: "wx" });
    });
  }
}

async function assertFree(root: string, name: string, force: boolean): Promise<void> {
  const parts = name.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const folder = join(root, ...parts.slice(0, depth));
    const there = await factsOf(folder);
    if (there === undefined) return;
    if (!there.isDirectory())
      throw new UnwritablePathError(folder, "it is no folder, or a link that may lead elsewhere");
  }
  const path = join(root, name);
  const there = await factsOf(path);
  if (there?.isDirectory()) throw new UnwritablePathError(path, "a folder is there");
  if (there && !force) throw new PathTakenError(path);
}

/** Of the link itself, where there is one. */
async function factsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new UnwritablePathError(path, cause);
  }
}

async function told(path: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new UnwritablePathError(path, cause);
  }
}
