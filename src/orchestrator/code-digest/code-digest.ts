/**
 * The digest of a step's code: of its module and of every module that it reaches by imports, of what they do,
 * not how they are written. Installed packages count by their lock, the orchestrator by the cache's protocol.
 */

import { realpathSync } from "node:fs";
import { hashJson } from "../../core/hash.ts";
import type { StepDefinition } from "../step-definition.ts";
import type { CodeDigest, CodeDigests } from "./code-digests.ts";
import { type DigestCache, openDigestCache } from "./digest-cache.ts";
import { PackagePins } from "./package-pins.ts";
import { Reach } from "./reach.ts";

interface ModuleDigest extends CodeDigest {
  /** Steps that the module declares as constants. */
  readonly steps: ReadonlySet<string>;
  /** Newest change of a module that was reached, and which. */
  readonly changed: { readonly atMs: number; readonly path: string };
}

/** Digests of steps' code. `cacheFile` keeps summaries of modules for later processes; `null` keeps none. */
export function createCodeDigests({ cacheFile }: { readonly cacheFile: string | null }): CodeDigests {
  let known: Known | undefined;
  const digests = new Map<string, Promise<ModuleDigest>>();
  const ofModule = (path: string): Promise<ModuleDigest> => {
    known ??= openKnown(cacheFile);
    const digest = digests.get(path) ?? digestModule(path, known);
    digests.set(path, digest);
    return digest;
  };
  return {
    async digestOf(step) {
      if (step.modulePath === null) return { digest: null, uncacheable: "it is not declared in a file.", parts: {} };
      const { digest, parts, uncacheable, ...module } = await ofModule(step.modulePath);
      return { digest, parts, uncacheable: uncacheable ?? whyNotNow(step, module) };
    },
  };
}

/** What only shows at the step: code that closes over a call, or that is older in memory than on disk. */
function whyNotNow(
  { name, definedAtMs }: Pick<StepDefinition, "name" | "definedAtMs">,
  { steps, changed }: Pick<ModuleDigest, "steps" | "changed">,
): string | null {
  if (!steps.has(name)) {
    return "it is not a constant of its module, with its name written out, so its code may depend on where it was made.";
  }
  if (changed.atMs > definedAtMs)
    return `${changed.path} has changed since this process loaded it. Start a new process.`;
  return null;
}

interface Known {
  readonly cache: DigestCache;
  readonly packages: PackagePins;
}

function openKnown(cacheFile: string | null): Known {
  const cache = openDigestCache(cacheFile);
  return { cache, packages: new PackagePins(cache) };
}

async function digestModule(modulePath: string, known: Known): Promise<ModuleDigest> {
  const { cache, packages } = known;
  const path = realpathSync(modulePath);
  const reach = new Reach(path, known);
  await reach.visit(path, null);
  cache.save(reach.learned || packages.learned);
  const parts = reach.toParts();
  return {
    digest: hashJson(parts),
    uncacheable: reach.uncacheable,
    parts,
    steps: new Set(cache.modules[path]?.summary.steps),
    changed: reach.changed,
  };
}
