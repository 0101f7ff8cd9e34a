/** Where an import leads: a file of the project, an installed package, or Node itself. */

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isPlainObject } from "../json-value.ts";

export type ImportTarget =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "package"; readonly name: string; readonly folder: string }
  | { readonly kind: "builtin" }
  /** Not installed, or not exported. */
  | { readonly kind: "missing" };

/** Finds the target of `specifier` in the module at `from`, as Node would. */
export function resolveImport(specifier: string, from: string): ImportTarget {
  if (specifier.startsWith("node:") || isBuiltin(specifier)) return { kind: "builtin" };
  if (/^\.\.?(\/|$)/.test(specifier)) return local(resolve(dirname(from), decodeURI(specifier.replace(/[?#].*$/, ""))));
  if (specifier.startsWith("file:")) return local(fileURLToPath(specifier));
  const home = findManifest(dirname(from));
  if (specifier.startsWith("#"))
    return home ? viaMap(home.folder, home.manifest["imports"], specifier) : { kind: "missing" };
  const { name, subpath } = splitSpecifier(specifier);
  if (home?.manifest["name"] === name && home.manifest["exports"] !== undefined) {
    return viaMap(home.folder, home.manifest["exports"], subpath);
  }
  const folder = findPackage(name, dirname(from));
  if (folder === undefined) return { kind: "missing" };
  if (/[\\/]node_modules[\\/]/.test(folder)) return { kind: "package", name, folder };
  return viaMap(folder, findManifest(folder)?.manifest["exports"], subpath); // linked: a part of the project
}

function local(path: string): ImportTarget {
  return existsSync(path) ? { kind: "local", path: realpathSync(path) } : { kind: "missing" };
}

function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  return { name, subpath: `.${specifier.slice(name.length)}` };
}

const manifests = new Map<string, Record<string, unknown> | null>();

function findManifest(start: string): { folder: string; manifest: Record<string, unknown> } | undefined {
  for (const folder of ancestors(start)) {
    const manifest = readManifest(folder);
    if (manifest) return { folder, manifest };
  }
  return undefined;
}

/** The package that the module at `path` belongs to: the nearest that has a name. */
export function findOwner(path: string): { readonly folder: string; readonly name: string } | undefined {
  for (const folder of ancestors(dirname(path))) {
    const name = readManifest(folder)?.["name"];
    if (typeof name === "string") return { folder, name };
  }
  return undefined;
}

function readManifest(folder: string): Record<string, unknown> | null {
  const known = manifests.get(folder);
  if (known !== undefined) return known;
  const file = join(folder, "package.json");
  const parsed: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
  const manifest = isPlainObject(parsed) ? parsed : null;
  manifests.set(folder, manifest);
  return manifest;
}

/** The real folder of an installed package. */
export function findPackage(name: string, start: string): string | undefined {
  for (const folder of ancestors(start)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
  }
  return undefined;
}

export function* ancestors(start: string): Iterable<string> {
  for (let folder = start; ; folder = dirname(folder)) {
    yield folder;
    if (folder === dirname(folder)) return;
  }
}

/** Conditions that hold here, in Node's meaning. */
const CONDITIONS: ReadonlySet<string> = new Set(["node", "import", "module-sync", "default"]);

/** Follows an `exports` or `imports` map. @source https://nodejs.org/api/packages.html#subpath-patterns */
function viaMap(folder: string, map: unknown, key: string): ImportTarget {
  const target = pickCondition(lookUp(map, key));
  return typeof target === "string" && target.startsWith(".") ? local(join(folder, target)) : { kind: "missing" };
}

function lookUp(map: unknown, key: string): unknown {
  if (!isPlainObject(map) || !Object.keys(map).some((each) => /^[.#]/.test(each))) return key === "." ? map : undefined;
  if (key in map) return map[key];
  for (const [pattern, target] of Object.entries(map)) {
    const [before, after] = pattern.split("*");
    if (before === undefined || after === undefined || !key.startsWith(before) || !key.endsWith(after)) continue;
    const filling = key.slice(before.length, key.length - after.length);
    const picked = pickCondition(target);
    return typeof picked === "string" ? picked.replaceAll("*", filling) : undefined;
  }
  return undefined;
}

function pickCondition(target: unknown): unknown {
  if (Array.isArray(target)) return pickCondition(target[0]);
  if (!isPlainObject(target)) return target;
  const condition = Object.keys(target).find((each) => CONDITIONS.has(each));
  return condition === undefined ? undefined : pickCondition(target[condition]);
}
