/** Folders in which steps keep what a killed attempt should find again, by the step's name and a key of its own. */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashJson, shortHash } from "../core/hash.ts";
import type { JsonValue } from "../core/json.ts";

export interface FolderKey {
  /** Empty for a workspace that has none: the folder is then a new one for temporary files. */
  readonly workspaceFolder: string;
  readonly step: string;
  readonly key: JsonValue;
}

/** The folder, made where it is not there. */
export async function folderOf({ workspaceFolder, step, key }: FolderKey): Promise<string> {
  if (workspaceFolder === "") return mkdtemp(join(tmpdir(), `trilith-${step}-`));
  const folder = join(workspaceFolder, "work", step, shortHash(hashJson(key)));
  await mkdir(folder, { recursive: true });
  return folder;
}

/** One attempt's folders, which go when it has succeeded. */
export function createStepFolders(place: Omit<FolderKey, "key">) {
  const given = new Set<string>();
  return {
    async folder(key: JsonValue): Promise<string> {
      const folder = await folderOf({ ...place, key });
      given.add(folder);
      return folder;
    },
    async remove(): Promise<void> {
      for (const folder of given) await rm(folder, { recursive: true, force: true });
    },
  };
}
