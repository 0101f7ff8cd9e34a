/** What a training program consists of, as far as its configuration names it: a hash of each file, for cache keys. */

import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import type { CommandTrainerConfig } from "../contracts/training.ts";

/** Left behind by interpreters and installers: no source. */
const NO_SOURCE: ReadonlySet<string> = new Set(["__pycache__", "node_modules", ".git", ".venv", "venv"]);
const PIECE_BYTES = 1 << 20;

/**
 * Hashes of the files that the command names, also behind `=`, and of all in `files`, by path. Of the program itself only
 * where it lies below the folder where this process runs: an interpreter of the system is not the user's.
 */
export function programFiles({ command, files = [] }: Pick<CommandTrainerConfig, "command" | "files">): Hashes {
  const [program, ...args] = command;
  const named = args.flatMap((arg) => [arg, arg.slice(arg.indexOf("=") + 1)]).filter(isFile);
  const own = isFile(program) && realpathSync(program).startsWith(resolve() + sep) ? [program] : [];
  return Object.fromEntries([...own, ...named, ...files].flatMap(hashesIn));
}

type Hashes = Readonly<Record<string, string>>;

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Of a file, or of all below a folder. One that is absent says so: its appearing is a change. */
function hashesIn(path: string): [path: string, hash: string][] {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return [[path, "absent"]];
  if (found.isFile()) return [[path, hashOf(path, `${found.mtimeNs}-${found.ctimeNs}-${found.size}-${found.ino}`)]];
  if (!found.isDirectory()) return [];
  const names = readdirSync(path).filter((name) => !NO_SOURCE.has(name));
  return names.sort().flatMap((name) => hashesIn(join(path, name)));
}

const known = new Map<string, { readonly stamp: string; readonly hash: string }>();

/** Read again only when it may have changed. */
function hashOf(path: string, stamp: string): string {
  const key = resolve(path);
  const before = known.get(key);
  if (before?.stamp === stamp) return before.hash;
  const hash = createHash("sha256");
  const piece = Buffer.alloc(PIECE_BYTES);
  const file = openSync(path, "r");
  try {
    for (let count = 1; count > 0; ) {
      count = readSync(file, piece);
      hash.update(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  const digest = hash.digest("hex");
  known.set(key, { stamp, hash: digest });
  return digest;
}
