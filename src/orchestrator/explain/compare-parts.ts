/** Two cache keys side by side, part by part. */

import type { CacheKeyParts } from "../../contracts/runs.ts";
import type { PartComparison, PartKind } from "./explanation.ts";

/** The name of code of which nothing but the digest is known. */
export const WHOLE_CODE = "(all code)";

/** What a code digest was made of; `undefined` when it was not kept. */
export type CodeParts = Readonly<Record<string, string>> | undefined;

/** A key's parts with what its code digest was made of. */
export interface KeySide {
  readonly parts: CacheKeyParts;
  readonly code: CodeParts;
}

/** Compares all parts; `detail` of inputs is left to whoever can read their values. */
export function compareKeys(before: KeySide, after: KeySide): PartComparison[] {
  return [
    ...compareCode({ digest: before.parts.code, parts: before.code }, { digest: after.parts.code, parts: after.code }),
    ...compareRecords("input", named(before.parts.inputs), named(after.parts.inputs)),
    ...compareOne("custom", "cacheKey", [before.parts.custom, after.parts.custom]),
    ...compareRecords("output", before.parts.outputs, after.parts.outputs),
    ...compareRecords("port", before.parts.ports, after.parts.ports),
    ...compareRecords("file", before.parts.files, after.parts.files),
    ...compareOne("program", "command", [before.parts.program, after.parts.program]),
    ...compareOne("node", "Node.js", [before.parts.node, after.parts.node]),
    ...compareOne("protocol", "orchestrator", [before.parts.protocol, after.parts.protocol]),
  ];
}

/** How many parts of two keys are equal: nearer keys have more. */
export function countEqual(a: CacheKeyParts, b: CacheKeyParts): number {
  const records = [
    [a.inputs, b.inputs],
    [a.outputs, b.outputs],
    [a.ports, b.ports],
    [a.files, b.files],
  ] as const;
  const scalars = [
    a.code === b.code,
    a.custom === b.custom,
    a.program === b.program,
    a.node === b.node,
    a.protocol === b.protocol,
  ];
  const equal = (left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): number =>
    Object.entries(left).filter(([name, value]) => right[name] === value).length;
  return records.reduce((sum, [left, right]) => sum + equal(left, right), scalars.filter(Boolean).length);
}

interface CodeSide {
  readonly digest: string;
  readonly parts: CodeParts;
}

/** Compares what two code digests were made of. Where one was not kept, the digests are all there is to tell. */
export function compareCode(before: CodeSide, after: CodeSide): PartComparison[] {
  if (before.parts === undefined || after.parts === undefined) {
    if (before.digest === "" && after.digest === "") return [];
    return [toComparison("module", WHOLE_CODE, [before.digest, after.digest])];
  }
  const [old, now] = [splitCode(before.parts), splitCode(after.parts)];
  return [...compareRecords("module", old.modules, now.modules), ...comparePackages(old.packages, now.packages)];
}

type Versions = ReadonlyMap<string, string>;

function splitCode(parts: Readonly<Record<string, string>>): {
  readonly modules: Readonly<Record<string, string>>;
  readonly packages: ReadonlyMap<string, Versions>;
} {
  const modules: Record<string, string> = {};
  const packages = new Map<string, Map<string, string>>();
  for (const [name, hash] of Object.entries(parts)) {
    const [, pack, version] = /^package (.+)@([^@]+)$/.exec(name) ?? [];
    if (pack === undefined || version === undefined) modules[name] = hash;
    else packages.set(pack, (packages.get(pack) ?? new Map<string, string>()).set(version, hash));
  }
  return { modules, packages };
}

function comparePackages(
  before: ReadonlyMap<string, Versions>,
  after: ReadonlyMap<string, Versions>,
): PartComparison[] {
  const text = (versions: Versions | undefined): string | null =>
    (versions && [...versions.keys()].sort().join(", ")) || null;
  const hashes = (versions: Versions | undefined): string => JSON.stringify([...(versions ?? [])].sort());
  return namesOf(before, after).map((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    const comparison = toComparison("package", name, [text(old) ?? undefined, text(now) ?? undefined]);
    if (comparison.change !== "same" || hashes(old) === hashes(now)) return comparison;
    return { ...comparison, change: "changed" as const, detail: "what it depends on has changed" };
  });
}

function compareRecords(
  kind: PartKind,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): PartComparison[] {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return namesOf(old, now).map((name) => toComparison(kind, name, [old.get(name), now.get(name)]));
}

function compareOne(
  kind: PartKind,
  name: string,
  [before, after]: readonly [string | undefined, string | undefined],
): PartComparison[] {
  return before === undefined && after === undefined ? [] : [toComparison(kind, name, [before, after])];
}

function toComparison(
  kind: PartKind,
  name: string,
  [before, after]: readonly [string | undefined, string | undefined],
): PartComparison {
  const change =
    before === after ? "same" : before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return { kind, name, change, before: before ?? null, after: after ?? null, detail: null };
}

/** Names of both, those of `after` first. */
function namesOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...after.keys(), ...before.keys()])];
}

/** Inputs by their places: that one came by reference is no part of its name. */
function named(inputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, hash]) => [inputName(name), hash]));
}

/** The place that an input's part is for. */
export function inputName(part: string): string {
  return part.replace(/^ref:/, "") || "(all of it)";
}
