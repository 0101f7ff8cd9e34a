/**
 * What an installed package is: itself and everything that it depends on, each pinned by name and version to a hash
 * of its content's integrity and of what its own dependencies resolve to. Without a lock file, manifests say it.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { hashJson } from "../../core/hash.ts";
import { ancestors, findPackage } from "./resolve-import.ts";

const Dependencies = z.record(z.string(), z.string()).optional();
const needs = { dependencies: Dependencies, optionalDependencies: Dependencies, peerDependencies: Dependencies };
const LockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      ...needs,
    }),
  ),
});
type Locked = z.infer<typeof LockFile>["packages"];
const Manifest = z.object({ name: z.string().optional(), version: z.string().optional(), ...needs });

/** `<name>@<version>` and a hash; the same label twice where a package is there with other dependencies. */
export type Pin = [label: string, hash: string];

/** The lock file that pins what is installed in `folder`, a package's. */
export function findLockFile(folder: string): string | undefined {
  const owners = [...ancestors(dirname(folder))].filter((each) => existsSync(join(each, "package-lock.json")));
  return owners[0] && join(owners[0], "package-lock.json");
}

/** Reads the packages of a lock file. */
export function readLockFile(file: string): Locked {
  return LockFile.parse(JSON.parse(readFileSync(file, "utf8"))).packages;
}

/** Pins of the package in `folder` and of all that it needs; `null` when it is not locked. */
export function pinLocked(
  folder: string,
  { file, packages }: { readonly file: string; readonly packages: Locked },
): Pin[] | null {
  const start = relative(dirname(file), folder).replaceAll("\\", "/");
  if (packages[start] === undefined) return null;
  const label = (key: string): string => `${nameAt(key)}@${packages[key]?.version ?? "?"}`;
  return pinClosure(start, (key) => {
    const { version, integrity, resolved, ...entry } = packages[key] ?? {};
    const found = namesNeeded(entry).flatMap((name) => resolveLocked(name, key, packages) ?? []);
    return { label: label(key), content: integrity ?? resolved ?? version ?? null, needs: found, labelOf: label };
  });
}

/** The same from the manifests of what is installed: all there is without an npm lock file. */
export function pinInstalled(folder: string): Pin[] {
  const label = (at: string): string => {
    const { name, version } = readManifest(at);
    return `${name ?? nameAt(at.replaceAll("\\", "/"))}@${version ?? "?"}`;
  };
  return pinClosure(folder, (at) => {
    const found = namesNeeded(readManifest(at)).flatMap((name) => findPackage(name, at) ?? []);
    return { label: label(at), content: null, needs: found, labelOf: label };
  });
}

/** The version that is installed in `folder`; `?` when its manifest states none. */
export function installedVersion(folder: string): string {
  return readManifest(folder).version ?? "?";
}

interface Package {
  readonly label: string;
  readonly content: string | null;
  readonly needs: readonly string[];
  labelOf(key: string): string;
}

function pinClosure(start: string, read: (key: string) => Package): Pin[] {
  const pins = new Map<string, Pin>();
  const pending = [start];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    if (pins.has(key)) continue;
    const { label, content, needs: needed, labelOf } = read(key);
    pins.set(key, [label, hashJson([content, needed.map(labelOf).sort()])]);
    pending.push(...needed);
  }
  return [...pins.values()];
}

function namesNeeded({
  dependencies,
  optionalDependencies,
  peerDependencies,
}: Pick<z.infer<typeof Manifest>, keyof typeof needs>): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** `a/node_modules/@b/c` holds `@b/c`. */
function nameAt(folder: string): string {
  return folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** Where Node would find `name` from the package at `from`: in the nearest `node_modules` outwards. */
function resolveLocked(name: string, from: string, packages: Locked): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("node_modules/") - 1))) {
    const candidate = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return candidate;
    if (base === "") return undefined;
  }
}

function readManifest(folder: string): z.infer<typeof Manifest> {
  return Manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
}
