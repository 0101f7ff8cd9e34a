/** The cache key: everything that an output depends on, part by part, so that two keys can be compared. */

import type { CacheKeyParts } from "../contracts/runs.ts";
import type { PortName } from "../contracts/workspace.ts";
import { type ContentHash, hashJson } from "../core/hash.ts";
import { canonicalJson, type JsonValue } from "../core/json.ts";
import { parseWith } from "../core/schema.ts";
import { CacheKeyError } from "./cache-key-error.ts";
import { type CallInput, loadCallInput } from "./call-input.ts";
import type { CodeDigest } from "./code-digest/code-digests.ts";
import { hashFiles } from "./declared-files.ts";
import { isPlainObject, toJsonValue } from "./json-value.ts";
import type { StepDefinition } from "./step-definition.ts";

/** Counts for the whole orchestrator: raised when the engine changes what reaches a step or what becomes of its output. */
const PROTOCOL = "1";

/** A step's own key is kept as it is up to this length, so that it can be read; beyond it, its hash. */
const READABLE_CHARACTERS = 200;

export interface CacheKey {
  readonly key: ContentHash;
  readonly parts: CacheKeyParts;
}

/** What a key is made of beside the step's declaration. */
export interface CacheKeyGiven {
  readonly codeDigest: string | null;
  readonly input: CallInput;
  /** What `hashInputs` gives for `input`. */
  readonly inputs: Readonly<Record<string, ContentHash>>;
  /** Members that a run's settings give to the input where the call leaves them out. */
  readonly defaults?: Readonly<Record<string, JsonValue>> | undefined;
  fingerprint(port: PortName): Promise<string>;
}

/** Why outputs of a step with this code are not cached; `null` where they are, as far as its code is concerned. */
export function whyNotCached(step: StepDefinition, { uncacheable }: CodeDigest): string | null {
  return step.cacheKey === null ? uncacheable : null;
}

/**
 * The key of one call.
 *
 * @throws {CacheKeyError} when the step's own `cacheKey` fails
 * @throws {NotJsonError} when what it returns is not JSON
 */
export async function createCacheKey(step: StepDefinition, given: CacheKeyGiven): Promise<CacheKey> {
  const parts: CacheKeyParts = {
    ...(step.cacheKey === null
      ? { code: given.codeDigest ?? "", inputs: withDefaults(given) }
      : { code: "", custom: await customPart(step, given), inputs: {} }),
    outputs: outputsPart(step),
    ports: step.stands === null ? await portsPart(step.uses, (port) => given.fingerprint(port)) : {},
    files: step.files.length === 0 ? {} : await hashFiles(step),
    ...(step.program === null ? {} : { program: hashJson(step.program) }),
    node: NODE_MAJOR,
    protocol: PROTOCOL,
  };
  return { key: hashJson([step.name, parts]), parts };
}

const NODE_MAJOR = process.versions.node.split(".")[0] ?? "";

/** A default counts where the call gives no value of its own, or gives the whole input by reference. */
function withDefaults({ inputs, defaults = {} }: CacheKeyGiven): Readonly<Record<string, string>> {
  const added = Object.entries(defaults).filter(([name]) => !(name in inputs) && !(`ref:${name}` in inputs));
  if (added.length === 0) return inputs;
  return { ...Object.fromEntries(added.map(([name, value]) => [name, hashJson(value)])), ...inputs };
}

async function customPart(step: StepDefinition, { input, defaults }: CacheKeyGiven): Promise<string> {
  const loaded = await loadCallInput(input);
  const whole = isPlainObject(loaded) ? { ...defaults, ...loaded } : loaded;
  const parsed = parseWith(step.input, whole, `the input of ${step.name}`);
  let value: unknown;
  try {
    value = step.cacheKey?.(parsed);
  } catch (error) {
    throw new CacheKeyError(step.name, error);
  }
  const text = canonicalJson(toJsonValue(value, `The cacheKey of ${step.name}`));
  return text.length <= READABLE_CHARACTERS ? text : hashJson(value);
}

const outputParts = new WeakMap<StepDefinition, Readonly<Record<string, string>>>();

function outputsPart(step: StepDefinition): Readonly<Record<string, string>> {
  const known = outputParts.get(step);
  if (known) return known;
  const parts = Object.fromEntries(
    [...step.outputs].map(([name, { name: materializer, schemaId }]) => [name, `${materializer} ${schemaId}`]),
  );
  outputParts.set(step, parts);
  return parts;
}

/** Asked for every call: what a port reads may change while a run goes on. */
async function portsPart(
  ports: readonly PortName[],
  fingerprint: (port: PortName) => Promise<string>,
): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(ports.map(async (port) => [port, await fingerprint(port)] as const)));
}
