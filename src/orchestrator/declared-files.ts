/** The files that a step declares: hashes of their contents, each read again only when it may have changed. */

import { statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { hashBytes } from "../core/hash.ts";
import type { StepDefinition } from "./step-definition.ts";

const known = new Map<string, { readonly stamp: string; readonly hash: string }>();

/** By name as declared, and in a folder by the path below it. One that is absent says so: its appearing is a change. */
export async function hashFiles({ files, modulePath }: StepDefinition): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of files) {
    const path = modulePath === null ? resolve(name) : resolve(dirname(modulePath), name);
    Object.assign(hashes, await hashEntry(name, path));
  }
  return hashes;
}

async function hashEntry(name: string, path: string): Promise<Record<string, string>> {
  const found = statOf(path);
  if (found === undefined) return { [name]: "absent" };
  if (!found.isFolder) return { [name]: await hashFile(path, found.stamp) };
  const hashes: Record<string, string> = {};
  for (const entry of (await readdir(path)).sort()) {
    Object.assign(hashes, await hashEntry(`${name.replace(/\/$/, "")}/${entry}`, join(path, entry)));
  }
  return hashes;
}

async function hashFile(path: string, stamp: string): Promise<string> {
  const before = known.get(path);
  if (before?.stamp === stamp) return before.hash;
  const hash = hashBytes(await readFile(path));
  known.set(path, { stamp, hash });
  return hash;
}

/** Synchronous, which is far cheaper than to wait for a thread: it is asked for every call of the step. */
function statOf(path: string): { readonly isFolder: boolean; readonly stamp: string } | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const { mtimeNs, ctimeNs, size, ino } = found;
  return { isFolder: found.isDirectory(), stamp: `${mtimeNs}-${ctimeNs}-${size}-${ino}` };
}
