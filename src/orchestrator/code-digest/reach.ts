/** The walk over everything that a module reaches by imports, and the parts of its digest that are found on the way. */

import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, extname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { hashJson } from "../../core/hash.ts";
import { type DigestCache, stampOf } from "./digest-cache.ts";
import { loadParser, type ModuleSummary, type ParseModule, summarizeBytes, summarizeModule } from "./module-summary.ts";
import type { PackagePins } from "./package-pins.ts";
import { findOwner, resolveImport } from "./resolve-import.ts";

const ORCHESTRATOR = dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))) + sep;
const MODULE_EXTENSIONS: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"]);

export class Reach {
  uncacheable: string | null = null;
  changed = { atMs: 0, path: "" };
  /** Whether something was found out that the cache did not know. */
  learned = false;
  readonly #cache: DigestCache;
  readonly #packages: PackagePins;
  /** The package of the first module: what is in it is named relative to it. */
  readonly #project: string;
  readonly #parts = new Map<string, Set<string>>();
  readonly #visited = new Set<string>();
  #parse: ParseModule | undefined;

  constructor(start: string, { cache, packages }: { readonly cache: DigestCache; readonly packages: PackagePins }) {
    this.#cache = cache;
    this.#packages = packages;
    this.#project = findOwner(start)?.folder ?? dirname(start);
  }

  /** Hashes by name, sorted; one hash of all where a name came twice. */
  toParts(): Record<string, string> {
    const sorted = [...this.#parts].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      sorted.map(([name, [first = "", ...rest]]) => [
        name,
        rest.length === 0 ? first : hashJson([first, ...rest].sort()),
      ]),
    );
  }

  /** Counts a module, or of a door only the way to `names`; `null` for all of it. */
  async visit(path: string, names: readonly string[] | null): Promise<void> {
    if (path.startsWith(ORCHESTRATOR)) return;
    const summary = await this.#summarize(path);
    if (summary.isDoor && names !== null) {
      for (const name of names) await this.#visitThroughDoor(path, summary, name);
      return;
    }
    if (this.#visited.has(path)) return;
    this.#visited.add(path);
    this.#add(this.#nameOf(path), summary.hash);
    if (summary.unknownImportLine !== null) {
      this.uncacheable ??=
        `${this.#nameOf(path)}:${summary.unknownImportLine} imports a module whose name is computed, so its code is not known. ` +
        "Write the name out, give the step a cacheKey of its own, or set cache: false.";
    }
    for (const { specifier, names: wanted } of summary.imports) await this.#follow(specifier, path, wanted);
    for (const { from } of summary.exports) {
      if (from) await this.#follow(from.specifier, path, from.name === null ? null : [from.name]);
    }
    for (const specifier of summary.stars) await this.#follow(specifier, path, null);
    for (const url of summary.urls) await this.#visitUrl(resolve(dirname(path), url));
  }

  async #visitThroughDoor(path: string, summary: ModuleSummary, name: string): Promise<void> {
    const place = `${path}#${name}`;
    if (this.#visited.has(place)) return;
    this.#visited.add(place);
    const direct = summary.exports.find((each) => each.name === name)?.from;
    if (direct) {
      const target = resolveImport(direct.specifier, path);
      const counts = target.kind !== "local" || !target.path.startsWith(ORCHESTRATOR);
      if (counts) this.#add(`${this.#nameOf(path)}#${name}`, `${direct.specifier} ${direct.name ?? "*"}`);
      return this.#follow(direct.specifier, path, direct.name === null ? null : [direct.name]);
    }
    for (const specifier of summary.stars) {
      if (await this.#mayExport(specifier, path, name)) await this.#follow(specifier, path, [name]);
    }
  }

  /** Whether the target of a star may be where `name` comes from. Packages are not looked into. */
  async #mayExport(specifier: string, from: string, name: string): Promise<boolean> {
    const pending = [resolveImport(specifier, from)];
    const seen = new Set<string>();
    for (let target = pending.pop(); target !== undefined; target = pending.pop()) {
      if (target.kind === "package" || (target.kind === "local" && target.path.startsWith(ORCHESTRATOR))) return true;
      if (target.kind !== "local" || seen.has(target.path)) continue;
      const { path } = target;
      seen.add(path);
      const { exports, stars } = await this.#summarize(path);
      if (exports.some((each) => each.name === name)) return true;
      pending.push(...stars.map((star) => resolveImport(star, path)));
    }
    return false;
  }

  async #follow(specifier: string, from: string, names: readonly string[] | null): Promise<void> {
    const target = resolveImport(specifier, from);
    if (target.kind === "local") await this.visit(target.path, names);
    else if (target.kind === "package") this.#countPackage(target.name, target.folder);
    else if (target.kind === "missing") this.#add(`missing ${specifier}`, "");
  }

  async #visitUrl(path: string): Promise<void> {
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    if (isFile) await this.visit(realpathSync(path), null);
    else this.#add(`missing ${this.#nameOf(path)}`, "");
  }

  async #summarize(path: string): Promise<ModuleSummary> {
    const { stamp, changedAtMs } = stampOf(path);
    if (changedAtMs > this.changed.atMs) this.changed = { atMs: changedAtMs, path };
    const known = this.#cache.modules[path];
    if (known?.stamp === stamp) return known.summary;
    const isModule = MODULE_EXTENSIONS.has(extname(path));
    if (isModule) this.#parse ??= await loadParser();
    const summary =
      this.#parse && isModule
        ? summarizeModule(path, readFileSync(path, "utf8"), this.#parse)
        : summarizeBytes(readFileSync(path));
    this.#cache.modules[path] = { stamp, summary };
    this.learned = true;
    return summary;
  }

  #countPackage(name: string, folder: string): void {
    const { pins, mismatch } = this.#packages.of(folder);
    for (const [label, hash] of pins) this.#add(`package ${label}`, hash);
    if (mismatch === null) return;
    this.uncacheable ??=
      `the package ${name} is installed as ${mismatch.installed} where the lock file has ${mismatch.locked}, ` +
      "so its code is not known. Run npm install.";
  }

  #add(name: string, hash: string): void {
    const hashes = this.#parts.get(name) ?? new Set();
    this.#parts.set(name, hashes.add(hash));
  }

  /** What a module is called in every checkout: its place in the project, or in another package after its name. */
  #nameOf(path: string): string {
    const owner = findOwner(path);
    const outside = owner !== undefined && owner.folder !== this.#project;
    const place = relative(outside ? owner.folder : this.#project, path).replaceAll("\\", "/");
    return outside ? `${owner.name}/${place}` : place;
  }
}
