/** Repositories on this machine: the files that git keeps, one document each, with the repository's licence. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { DraftCollector, SkippedSource } from "../../../contracts/documents.ts";
import { fileKindOf, leftOutFolder } from "../files/file-kinds.ts";
import { walkFiles } from "../files/walk-files.ts";
import { collectFiles, type FolderCollectorOptions, withoutEnd } from "../folder-collector.ts";
import { LICENCE_FILES, licenceIn } from "./licence.ts";

/**
 * Collects folders that hold a `.git`: what git tracks and what it would, so that `.gitignore` is obeyed; all files,
 * where git is not there. Sources are paths as they were given.
 */
export function repositoryCollector(options: FolderCollectorOptions = {}): DraftCollector {
  return {
    name: "repository",
    isWhole: true,
    accepts: (link) => link.trim() !== "" && existsSync(join(link, ".git")),
    async *collect(link, { signal } = {}) {
      const licence = await licenceOf(link);
      const origin = { kind: "repository" as const, ...(licence === undefined ? {} : { licence }) };
      const files = (await gitFiles(link)) ?? walkFiles(link);
      const titleOf = (path: string): string => `${basename(resolve(link))}/${path}`;
      yield* collectFiles(files, { ...options, folder: link, given: withoutEnd(link), origin, titleOf, signal });
    },
  };
}

async function licenceOf(folder: string): Promise<string | undefined> {
  for (const file of LICENCE_FILES) {
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    const licence = licenceIn(file, text);
    if (licence !== undefined) return licence;
  }
  return undefined;
}

/** What a repository's settings might make git run is switched off: the repository may be anybody's. */
const HARMLESS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
const MAX_LIST_BYTES = 64 * 2 ** 20;

/** Paths in order, or `undefined` where git is missing, or says that this is no repository of this user. */
async function gitFiles(folder: string): Promise<AsyncIterable<string | SkippedSource> | undefined> {
  try {
    const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    const { stdout } = await promisify(execFile)("git", ["-C", folder, ...HARMLESS, ...list], {
      maxBuffer: MAX_LIST_BYTES,
    });
    return keptFiles(
      folder,
      stdout
        .split("\0")
        .filter((path) => path !== "")
        .sort(),
    );
  } catch {
    return undefined;
  }
}

async function* keptFiles(folder: string, paths: readonly string[]): AsyncGenerator<string | SkippedSource> {
  for (const path of paths) {
    const reason = path
      .split("/")
      .map(leftOutFolder)
      .find((each) => each !== undefined);
    const { reads } = fileKindOf(path);
    if (reason !== undefined) {
      if (reads !== "nothing" && reads !== "unknown") yield { source: path, reason };
    } else if (await isFileAt(join(folder, path))) yield path;
  }
}

/** Neither a link, nor another repository inside of this one, nor a file that is deleted and not yet committed. */
const isFileAt = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined))?.isFile() ?? false;
