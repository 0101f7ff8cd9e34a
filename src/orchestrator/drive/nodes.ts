/** What references point to: an output of an invocation, a member of a value, a list of references, a nested pipeline. */

import type { ArtifactRecord } from "../../contracts/runs.ts";
import { type ContentHash, hashBytes, hashJson } from "../../core/hash.ts";
import type { ArtifactReader } from "../artifact-reader.ts";
import { InvalidDefinitionError } from "../errors.ts";
import { toJsonValue } from "../json-value.ts";
import type { Materializer } from "../materializers/materializer.ts";
import type { ArtifactEdge, RefNode } from "../ref.ts";
import type { Activity } from "./activity.ts";

/** What the engine keeps of an invocation that references point to. */
export interface Producer<Outputs> {
  /** `undefined` until it is known: at once, unless an input is a list of references that is still being made. */
  readonly id: string | undefined;
  readonly identified: Promise<string>;
  /** Rejects when there will be none. */
  readonly outputs: Promise<Outputs>;
  /** Whether the pipeline has awaited one of its references. */
  awaited: boolean;
}

/** An output of an invocation, and how it is read. */
export interface OutputOf {
  readonly name: string;
  readonly materializer: Materializer<unknown>;
  readonly reader: ArtifactReader;
  readonly activity: Activity;
  readonly step: { readonly name: string; readonly modulePath: string | null };
}

export function outputNode(producer: Producer<ReadonlyMap<string, ArtifactRecord>>, output: OutputOf): RefNode {
  let record: ArtifactRecord | undefined;
  let whole: Promise<unknown> | undefined;
  const settled = producer.outputs.then((outputs) => {
    record = outputs.get(output.name);
  });
  const known = (): ArtifactRecord => {
    if (record === undefined) throw new TypeError(`output ${output.name} was read before it was settled`); // the engine awaits `settled`
    return record;
  };
  const load = (): Promise<unknown> => output.reader.load(known(), output.materializer);
  const shared = (): Promise<unknown> => {
    whole ??= load();
    return whole;
  };
  const nameOf = (id: string): string => `${id}.${output.name}`;
  const node: RefNode = {
    get identity() {
      return producer.id === undefined ? undefined : nameOf(producer.id);
    },
    identified: producer.identified.then(nameOf),
    settled,
    load,
    contentHash: async () => known().hash,
    edges: () => [{ artifactId: known().id, hash: known().hash }],
    recipe: async () => ({
      kind: "artifact",
      artifactId: known().id,
      materializer: output.materializer.name,
      step: { ...output.step, output: output.name },
    }),
    member: async (key) => memberOf(await shared(), key),
    memberNode: (key) => memberNode(node, key),
    length: async () => assertList(await shared()).length,
    markAwaited: () => {
      producer.awaited = true;
    },
    reading: (value) => output.activity.during(value),
  };
  return node;
}

/** One member of the value that a node stands for. */
export function memberNode(parent: RefNode, key: string | number): RefNode {
  const suffix = typeof key === "number" ? `[${key}]` : `.${key}`;
  const node: RefNode = {
    get identity() {
      return parent.identity === undefined ? undefined : `${parent.identity}${suffix}`;
    },
    identified: parent.identified.then((identity) => `${identity}${suffix}`),
    settled: parent.settled,
    load: async () => structuredClone(await parent.member(key)),
    contentHash: async () => hashJson(toJsonValue(await parent.member(key), `member ${key} of a value`)),
    edges: () => parent.edges(),
    recipe: async () => ({ kind: "member", of: await parent.recipe(), key }),
    member: async (inner) => memberOf(await parent.member(key), inner),
    memberNode: (inner) => memberNode(node, inner),
    length: async () => assertList(await parent.member(key)).length,
    markAwaited: () => parent.markAwaited(),
    reading: (value) => parent.reading(value),
  };
  return node;
}

/** A list whose elements are references: what a fan-out gives. `known` when its length was known at once. */
export function listNode(items: Promise<readonly RefNode[]>, activity: Activity, known?: readonly RefNode[]): RefNode {
  let edges: ArtifactEdge[] = [];
  let awaited = false;
  const identityOf = (identities: readonly string[]): string => `list-${hashJson(identities)}`;
  const node: RefNode = {
    get identity() {
      const identities = known?.map(({ identity }) => identity);
      return identities?.every((identity) => identity !== undefined) ? identityOf(identities) : undefined;
    },
    identified: items.then((nodes) => Promise.all(nodes.map(({ identified }) => identified))).then(identityOf),
    settled: items.then(async (nodes) => {
      if (awaited) for (const each of nodes) each.markAwaited();
      await Promise.all(nodes.map(({ settled }) => settled));
      edges = nodes.flatMap((each) => each.edges());
    }),
    load: async () => Promise.all((await items).map((each) => each.load())),
    contentHash: async (): Promise<ContentHash> => {
      const hashes = await Promise.all((await items).map((each) => each.contentHash()));
      return hashBytes(hashes.join("\n"));
    },
    edges: () => edges,
    recipe: async () => ({ kind: "list", items: await Promise.all((await items).map((each) => each.recipe())) }),
    member: async (key) => (await items)[Number(key)]?.load(),
    memberNode: (key) => memberNode(node, key),
    length: async () => (await items).length,
    markAwaited() {
      awaited = true;
      void items.then(
        (nodes) => {
          for (const each of nodes) each.markAwaited();
        },
        () => undefined,
      );
    },
    reading: (value) => activity.during(value),
  };
  return node;
}

/** What a nested pipeline returned, by output name; a bare reference is `output`. */
export interface NestedOutputs {
  readonly bare: boolean;
  readonly nodes: ReadonlyMap<string, RefNode>;
}

/** A nested pipeline as a value: its only output, or an object of its outputs. */
export function nestedNode(producer: Producer<NestedOutputs>, activity: Activity): RefNode {
  let outputs: NestedOutputs | undefined;
  const known = (): NestedOutputs => {
    if (outputs === undefined) throw new TypeError("a nested pipeline was read before it was settled"); // the engine awaits `settled`
    return outputs;
  };
  const all = (): RefNode[] => [...known().nodes.values()];
  const perOutput = async <T>(read: (node: RefNode) => Promise<T>): Promise<Record<string, T>> =>
    Object.fromEntries(
      await Promise.all([...known().nodes].map(async ([name, each]) => [name, await read(each)] as const)),
    );
  const only = (): RefNode | undefined => (known().bare ? all()[0] : undefined);
  const node: RefNode = {
    get identity() {
      return producer.id;
    },
    identified: producer.identified,
    settled: producer.outputs.then((made) => {
      outputs = made;
    }),
    load: async () => only()?.load() ?? (known().nodes.size === 0 ? undefined : perOutput((each) => each.load())),
    contentHash: async () => only()?.contentHash() ?? hashJson(await perOutput((each) => each.contentHash())),
    edges: () => all().flatMap((each) => each.edges()),
    recipe: async () =>
      only()?.recipe() ?? { kind: "object" as const, members: await perOutput((each) => each.recipe()) },
    member: async (key) => only()?.member(key) ?? known().nodes.get(String(key))?.load(),
    memberNode: (key) => nestedMemberNode(node, key, () => only()?.memberNode(key) ?? known().nodes.get(String(key))),
    length: async () => only()?.length() ?? assertList(undefined).length,
    markAwaited: () => {
      producer.awaited = true;
    },
    reading: (value) => activity.during(value),
  };
  return node;
}

/** One output of a nested pipeline: everything is asked of its own node, once there is one, so that edges lead to it. */
function nestedMemberNode(parent: RefNode, key: string | number, find: () => RefNode | undefined): RefNode {
  const found = (): RefNode => {
    const output = find();
    if (output) return output;
    throw new InvalidDefinitionError(
      `A nested pipeline has no output ${JSON.stringify(key)}; expected one that its run function returns. Return it there, or ask for another.`,
    );
  };
  const node: RefNode = {
    ...memberNode(parent, key),
    get identity() {
      return parent.identity === undefined ? undefined : `${parent.identity}.${key}`;
    },
    settled: parent.settled.then(() => found().settled),
    load: () => found().load(),
    contentHash: () => found().contentHash(),
    edges: () => found().edges(),
    recipe: () => found().recipe(),
    member: (inner) => found().member(inner),
    memberNode: (inner) => memberNode(node, inner),
    length: () => found().length(),
  };
  return node;
}

function memberOf(value: unknown, key: string | number): unknown {
  if (typeof key === "number") return assertList(value)[key];
  if (typeof value === "object" && value !== null && Object.hasOwn(value, key)) {
    return (value as Record<string, unknown>)[key]; // has it, by the line above
  }
  throw new InvalidDefinitionError(
    `A reference asks for the member ${JSON.stringify(key)} of a value that has none of that name; expected one that the output's schema has.`,
  );
}

function assertList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InvalidDefinitionError(
    "each() was given a reference to something that is no list; expected an array. Pass a list, or call the step once.",
  );
}
