/**
 * The digest of a step's code: of its module and of every module that it reaches by imports, of what they do,
 * not how they are written. Installed packages count by their lock, the orchestrator by the cache's protocol.
 */

import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, extname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hashJson } from "../../core/hash.ts";
import type { CodeDigest, CodeDigests } from "../engines/local/run-context.ts";
import type { StepDefinition } from "../step-definition.ts";
import { type DigestCache, openDigestCache, stampOf } from "./digest-cache.ts";
import { findLockFile, hashInstalled, hashLocked, readLockFile } from "./locked-packages.ts";
import { loadParser, type ModuleSummary, type ParseModule, summarizeBytes, summarizeModule } from "./module-summary.ts";
import { resolveImport } from "./resolve-import.ts";

/** What a code digest was made of. */
export interface ModuleDigest extends CodeDigest {
  /** Steps that the module declares as constants. */
  readonly steps: readonly string[];
  /** Newest change of a module that was reached, and which. */
  readonly changed: { readonly atMs: number; readonly path: string };
}

const ORCHESTRATOR = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const MODULE_EXTENSIONS: ReadonlySet<string> = new Set([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"]);

/** Digests of steps' code. `cacheFile` keeps summaries of modules for later processes; `null` keeps none. */
export function createCodeDigests({ cacheFile }: { readonly cacheFile: string | null }): CodeDigests {
  let cache: DigestCache | undefined;
  const digests = new Map<string, Promise<ModuleDigest>>();
  const ofModule = (path: string): Promise<ModuleDigest> => {
    cache ??= openDigestCache(cacheFile);
    const digest = digests.get(path) ?? digestModule(path, cache);
    digests.set(path, digest);
    return digest;
  };
  return {
    async digestOf(step) {
      if (step.modulePath === null) return { digest: null, uncacheable: "it is not declared in a file." };
      const digest = await ofModule(step.modulePath);
      return { digest: digest.digest, uncacheable: digest.uncacheable ?? whyNotNow(step, digest) };
    },
  };
}

/** What only shows at the step: code that closes over a call, or that is older in memory than on disk. */
function whyNotNow({ name, definedAtMs }: StepDefinition, { steps, changed }: ModuleDigest): string | null {
  if (!steps.includes(name)) {
    return "it is not a constant of its module, with its name written out, so its code may depend on where it was made.";
  }
  if (changed.atMs > definedAtMs)
    return `${changed.path} has changed since this process loaded it. Start a new process.`;
  return null;
}

/** Digests the module at `path` with all that it reaches. */
export async function digestModule(path: string, cache: DigestCache): Promise<ModuleDigest> {
  const reach = new Reach(cache, dirname(path));
  await reach.visit(realpathSync(path), null);
  cache.save(reach.learned);
  const summary = cache.modules[realpathSync(path)]?.summary;
  return {
    digest: hashJson([...reach.parts].sort(([a], [b]) => (a < b ? -1 : 1))),
    uncacheable: reach.uncacheable,
    steps: summary?.steps ?? [],
    changed: reach.changed,
  };
}

/** The walk over everything that a module reaches. */
class Reach {
  /** Modules by path relative to the first one's folder, packages by name: with their hashes. */
  readonly parts = new Map<string, string>();
  uncacheable: string | null = null;
  changed = { atMs: 0, path: "" };
  /** Whether something was found out that the cache did not know. */
  learned = false;
  readonly #cache: DigestCache;
  readonly #base: string;
  readonly #visited = new Set<string>();
  #parse: ParseModule | undefined;

  constructor(cache: DigestCache, base: string) {
    this.#cache = cache;
    this.#base = base;
  }

  /** Counts a module, or of a door only the way to `names`; `null` for all of it. */
  async visit(path: string, names: readonly string[] | null): Promise<void> {
    if (path.startsWith(ORCHESTRATOR)) return void this.parts.set("orchestrator", "");
    const summary = await this.#summarize(path);
    if (summary.isDoor && names !== null) {
      for (const name of names) await this.#visitThroughDoor(path, summary, name);
      return;
    }
    if (this.#visited.has(path)) return;
    this.#visited.add(path);
    this.parts.set(relative(this.#base, path), summary.hash);
    if (summary.unknownImportLine !== null) {
      this.uncacheable ??=
        `${relative(process.cwd(), path)}:${summary.unknownImportLine} imports a module whose name is computed, so its code is not known. ` +
        "Write the name out, or set cache: false.";
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
    if (direct) return this.#follow(direct.specifier, path, direct.name === null ? null : [direct.name]);
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
    else if (target.kind === "package") this.parts.set(`package ${target.name}`, this.#hashPackage(target.folder));
    else if (target.kind === "missing") this.parts.set(`missing ${specifier}`, "");
  }

  async #visitUrl(path: string): Promise<void> {
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    if (isFile) await this.visit(realpathSync(path), null);
    else this.parts.set(`missing ${relative(this.#base, path)}`, "");
  }

  async #summarize(path: string): Promise<ModuleSummary> {
    const { stamp, modifiedAtMs } = stampOf(path);
    if (modifiedAtMs > this.changed.atMs) this.changed = { atMs: modifiedAtMs, path };
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

  #hashPackage(folder: string): string {
    const file = findLockFile(folder);
    if (file === undefined) return hashInstalled(folder);
    const { stamp } = stampOf(file);
    const known = this.#cache.packages[file];
    const hashes = known?.stamp === stamp ? known.hashes : {};
    const hash = hashes[folder] ?? hashLocked(folder, { file, packages: readLockFile(file) }) ?? hashInstalled(folder);
    if (hashes[folder] === undefined) this.learned = true;
    this.#cache.packages[file] = { stamp, hashes: { ...hashes, [folder]: hash } };
    return hash;
  }
}
