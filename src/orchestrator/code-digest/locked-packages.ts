/** What an installed package is, by the lock file: itself and everything that it depends on. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { hashJson } from "../../core/hash.ts";
import { ancestors } from "./resolve-import.ts";

const Dependencies = z.record(z.string(), z.string()).optional();
const LockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      dependencies: Dependencies,
      optionalDependencies: Dependencies,
      peerDependencies: Dependencies,
    }),
  ),
});
type Locked = z.infer<typeof LockFile>["packages"];

/** The lock file that pins what is installed in `folder`, a package's. */
export function findLockFile(folder: string): string | undefined {
  const owners = [...ancestors(dirname(folder))].filter((each) => existsSync(join(each, "package-lock.json")));
  return owners[0] && join(owners[0], "package-lock.json");
}

/** Reads the packages of a lock file. */
export function readLockFile(file: string): Locked {
  return LockFile.parse(JSON.parse(readFileSync(file, "utf8"))).packages;
}

/** Hash of the versions and integrities of the package in `folder` and of all that it needs; `null` when it is not locked. */
export function hashLocked(folder: string, lock: { readonly file: string; readonly packages: Locked }): string | null {
  const key = relative(dirname(lock.file), folder).replaceAll("\\", "/");
  if (lock.packages[key] === undefined) return null;
  const closure = new Set<string>();
  const pending = [key];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (closure.has(next)) continue;
    closure.add(next);
    const { dependencies, optionalDependencies, peerDependencies } = lock.packages[next] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const found = resolveLocked(name, next, lock.packages);
      if (found !== undefined) pending.push(found);
    }
  }
  const pins = [...closure].sort().map((each) => {
    const { version, integrity, resolved } = lock.packages[each] ?? {};
    return [each, version ?? null, integrity ?? resolved ?? null];
  });
  return hashJson(pins);
}

/** Where Node would find `name` from the package at `from`: in the nearest `node_modules` outwards. */
function resolveLocked(name: string, from: string, packages: Locked): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("node_modules/") - 1))) {
    const candidate = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return candidate;
    if (base === "") return undefined;
  }
}

/** Hash of the version that the package's own manifest states: all there is without a lock file. */
export function hashInstalled(folder: string): string {
  const { name, version } = z
    .object({ name: z.string().optional(), version: z.string().optional() })
    .parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  return hashJson([name ?? null, version ?? null]);
}
