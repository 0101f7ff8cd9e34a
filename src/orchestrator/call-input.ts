/** A step's input as it was passed: values with references in them, their places, and how to put values in. */

import type { InvocationInput } from "../contracts/runs.ts";
import { type ContentHash, hashBytes, hashJson } from "../core/hash.ts";
import { canonicalJson, type JsonValue } from "../core/json.ts";
import { isPlainObject, toJsonValue } from "./json-value.ts";
import { isRef, nodeOf, type RefNode } from "./ref.ts";

export interface CallInput {
  readonly passed: unknown;
  /** In order of their paths' first appearance. */
  readonly refs: readonly { readonly path: string; readonly node: RefNode }[];
  /** The input with `null` in the place of every reference. */
  readonly values: JsonValue;
}

/**
 * Finds the references in an input and checks the rest of it.
 *
 * @throws {NotJsonError} for a value that is no JSON and no reference
 */
export function parseCallInput(passed: unknown, what: string): CallInput {
  const refs: { path: string; node: RefNode }[] = [];
  const blanked = mapRefs(passed, "", (node, path) => {
    refs.push({ path, node });
    return null;
  });
  return { passed, refs, values: toJsonValue(blanked, what) };
}

/** The input with every reference's value in its place; the whole belongs to the caller. */
export async function loadCallInput(input: CallInput): Promise<unknown> {
  const loaded = new Map<string, unknown>();
  await Promise.all(input.refs.map(async ({ path, node }) => loaded.set(path, await node.load())));
  return mapRefs(input.passed, "", (_node, path) => loaded.get(path));
}

/**
 * The identity of a call: what it is given and what it comes after, never when it is made.
 * `identities` and `after` are those of the references, in order; `parentId` is the nested pipeline that calls.
 */
export function hashCall(
  input: CallInput,
  {
    identities,
    after,
    parentId,
  }: { readonly identities: readonly string[]; readonly after: readonly string[]; readonly parentId: string | null },
): ContentHash {
  const refs = input.refs.map(({ path }, i) => [path, identities[i] ?? ""]);
  const nested = parentId === null ? [] : [parentId];
  return hashBytes(canonicalJson([input.values, refs, [...after].sort(), ...nested]));
}

/** Hashes of what an input holds, by place: a hash for each reference's content, and one for each member's values. */
export async function hashInputs(input: CallInput): Promise<Record<string, ContentHash>> {
  const hashes: Record<string, ContentHash> = {};
  const whole = new Set(input.refs.map(({ path }) => path));
  const members = isPlainObject(input.values) ? Object.entries(input.values) : [["", input.values] as const];
  for (const [key, value] of members) if (!whole.has(key)) hashes[key] = hashJson(value);
  for (const { path, node } of input.refs) hashes[`ref:${path}`] = await node.contentHash();
  return hashes;
}

/** The same as rows for the journal: an edge for each artifact that is read, a hash for each value. */
export function toInvocationInputs(input: CallInput, hashes: Readonly<Record<string, ContentHash>>): InvocationInput[] {
  const rows: InvocationInput[] = [];
  for (const [path, hash] of Object.entries(hashes))
    if (!path.startsWith("ref:")) rows.push({ path, hash, artifactId: null });
  for (const { path, node } of input.refs) {
    const edges = node.edges();
    for (const [i, { artifactId, hash }] of edges.entries()) {
      rows.push({ path: edges.length === 1 ? path : `${path}[${i}]`, hash, artifactId });
    }
  }
  return rows;
}

/** A copy of `value` with each reference replaced. Class instances stay what they are, for the check to refuse. */
function mapRefs(value: unknown, path: string, replace: (node: RefNode, path: string) => unknown): unknown {
  if (isRef(value)) return replace(nodeOf(value), path);
  if (Array.isArray(value)) return value.map((item, i) => mapRefs(item, `${path}[${i}]`, replace));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapRefs(member, path === "" ? key : `${path}.${key}`, replace)]),
  );
}
