/** The cache key: everything that an output depends on, part by part, so that two keys can be compared. */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CacheKeyParts } from "../contracts/runs.ts";
import type { PortName } from "../contracts/workspace.ts";
import { type ContentHash, hashBytes, hashJson } from "../core/hash.ts";
import type { StepDefinition } from "./step-definition.ts";

/** Counts for the whole orchestrator: raised when the engine changes what reaches a step or what becomes of its output. */
const PROTOCOL = "1";

export interface CacheKey {
  readonly key: ContentHash;
  readonly parts: CacheKeyParts;
}

/** The key of a step whose code has `codeDigest`, for inputs with these hashes. */
export async function createCacheKey(
  step: StepDefinition,
  given: {
    readonly codeDigest: string;
    readonly inputs: Readonly<Record<string, ContentHash>>;
    fingerprint(port: PortName): Promise<string>;
  },
): Promise<CacheKey> {
  const parts: CacheKeyParts = {
    code: given.codeDigest,
    inputs: given.inputs,
    outputs: Object.fromEntries(
      [...step.outputs].map(([name, { name: materializer, schemaId }]) => [name, `${materializer} ${schemaId}`]),
    ),
    ports: await record(step.uses, (port) => given.fingerprint(port)),
    files: await record(step.files, (file) => hashFile(step, file)),
    node: process.versions.node.split(".")[0] ?? "",
    protocol: PROTOCOL,
  };
  return { key: hashJson([step.name, parts]), parts };
}

/** A declared file that is absent counts as absent, so that its appearing is a change. */
async function hashFile(step: StepDefinition, file: string): Promise<string> {
  const path = step.modulePath === null ? resolve(file) : resolve(dirname(step.modulePath), file);
  try {
    return hashBytes(await readFile(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "absent";
    throw error;
  }
}

async function record<K extends string>(
  names: readonly K[],
  valueOf: (name: K) => Promise<string>,
): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await valueOf(name)] as const)));
}
