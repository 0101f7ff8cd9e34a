/** The files under a folder, in order of their names, one at a time; what is not entered has its reason. */

import type { Dirent } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { SkippedSource } from "../../../contracts/documents.ts";
import { messageOf } from "../../../core/errors.ts";
import { fileKindOf, leftOutFolder } from "./file-kinds.ts";

/**
 * Paths from the folder, with `/`. No link is followed: what it leads to inside the folder is met there, and what is
 * outside is not the folder's. Hidden files and others' code are passed over.
 */
export async function* walkFiles(folder: string, under = ""): AsyncGenerator<string | SkippedSource> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(folder, under), { withFileTypes: true });
  } catch (error) {
    yield { source: under, reason: messageOf(error) };
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    const reason = entry.isDirectory() || entry.name.startsWith(".") ? leftOutFolder(entry.name) : undefined;
    if (reason !== undefined) {
      if (entry.name !== ".git" && mayHoldText(entry)) yield { source: path, reason };
    } else if (entry.isSymbolicLink()) {
      if (await leadsOut(folder, path)) yield { source: path, reason: "a link that leads out of the folder" };
    } else if (entry.isDirectory()) yield* walkFiles(folder, path);
    else if (entry.isFile()) yield path;
  }
}

const mayHoldText = (entry: Dirent): boolean => {
  const { reads } = fileKindOf(entry.name);
  return entry.isDirectory() || (reads !== "nothing" && reads !== "unknown");
};

/** A link to nothing leads nowhere. */
async function leadsOut(folder: string, path: string): Promise<boolean> {
  const [inside, target] = await Promise.all([realpath(folder), realpath(join(folder, path)).catch(() => undefined)]);
  return target !== undefined && target !== inside && !target.startsWith(inside.endsWith(sep) ? inside : inside + sep);
}
