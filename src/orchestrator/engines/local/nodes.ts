/** What references point to in the local engine: an invocation's output, an element of a list, a list of references. */

import type { ArtifactRecord } from "../../../contracts/runs.ts";
import { type ContentHash, hashBytes, hashJson } from "../../../core/hash.ts";
import type { ArtifactReader } from "../../artifact-reader.ts";
import { InvalidDefinitionError } from "../../errors.ts";
import { toJsonValue } from "../../json-value.ts";
import type { Materializer } from "../../materializers/materializer.ts";
import type { ArtifactEdge, RefNode } from "../../ref.ts";

/** What the engine keeps of an invocation that references point to. */
export interface Producer {
  /** `undefined` until it is known: at once, unless an input is a list of references that is still being made. */
  readonly id: string | undefined;
  readonly identified: Promise<string>;
  /** The outputs' artifacts by name; rejects when there will be none. */
  readonly outputs: Promise<ReadonlyMap<string, ArtifactRecord>>;
  /** Whether the pipeline has awaited one of its references. */
  awaited: boolean;
}

/** A node whose elements can be had one by one. */
export interface LocalNode extends RefNode {
  /** Shared with other readers: to be copied before it is handed out. */
  element(index: number): Promise<unknown>;
  /** How many elements the list has. @throws {InvalidDefinitionError} when it is no list */
  length(): Promise<number>;
}

/** An output of an invocation. */
export function outputNode(
  producer: Producer,
  output: { readonly name: string; readonly materializer: Materializer<unknown>; readonly reader: ArtifactReader },
): LocalNode {
  let record: ArtifactRecord | undefined;
  let elements: Promise<readonly unknown[]> | undefined;
  const settled = producer.outputs.then((outputs) => {
    record = outputs.get(output.name);
  });
  const known = (): ArtifactRecord => {
    if (record === undefined) throw new TypeError(`output ${output.name} was read before it was settled`); // the engine awaits `settled`
    return record;
  };
  const load = (): Promise<unknown> => output.reader.load(known(), output.materializer);
  const list = (): Promise<readonly unknown[]> => {
    elements ??= load().then(assertList);
    return elements;
  };
  const nameOf = (id: string): string => `${id}.${output.name}`;
  return {
    get identity() {
      return producer.id === undefined ? undefined : nameOf(producer.id);
    },
    identified: producer.identified.then(nameOf),
    settled,
    load,
    contentHash: async () => known().hash,
    edges: () => [{ artifactId: known().id, hash: known().hash }],
    markAwaited: () => {
      producer.awaited = true;
    },
    element: async (index) => (await list())[index],
    length: async () => (await list()).length,
  };
}

/** One element of a list that a reference points to. */
export function elementNode(list: LocalNode, index: number): LocalNode {
  const load = async (): Promise<unknown> => structuredClone(await list.element(index));
  return {
    get identity() {
      return list.identity === undefined ? undefined : `${list.identity}[${index}]`;
    },
    identified: list.identified.then((identity) => `${identity}[${index}]`),
    settled: list.settled,
    load,
    contentHash: async () => hashJson(toJsonValue(await list.element(index), `element ${index} of a list`)),
    edges: () => list.edges(),
    markAwaited: () => list.markAwaited(),
    element: async (inner) => assertList(await list.element(index))[inner],
    length: async () => assertList(await list.element(index)).length,
  };
}

/** A list whose elements are references: what a fan-out gives. `known` when its length was known at once. */
export function listNode(items: Promise<readonly RefNode[]>, known?: readonly RefNode[]): LocalNode {
  let edges: ArtifactEdge[] = [];
  let awaited = false;
  const identityOf = (identities: readonly string[]): string => `list-${hashJson(identities)}`;
  return {
    get identity() {
      const identities = known?.map(({ identity }) => identity);
      return identities?.every((identity) => identity !== undefined) ? identityOf(identities) : undefined;
    },
    identified: items.then((nodes) => Promise.all(nodes.map(({ identified }) => identified))).then(identityOf),
    settled: items.then(async (nodes) => {
      if (awaited) for (const node of nodes) node.markAwaited();
      await Promise.all(nodes.map(({ settled }) => settled));
      edges = nodes.flatMap((node) => node.edges());
    }),
    load: async () => Promise.all((await items).map((node) => node.load())),
    contentHash: async (): Promise<ContentHash> => {
      const hashes = await Promise.all((await items).map((node) => node.contentHash()));
      return hashBytes(hashes.join("\n"));
    },
    edges: () => edges,
    markAwaited() {
      awaited = true;
      void items.then(
        (nodes) => {
          for (const node of nodes) node.markAwaited();
        },
        () => undefined,
      );
    },
    element: async (index) => (await items)[index]?.load(),
    length: async () => (await items).length,
  };
}

function assertList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InvalidDefinitionError(
    "each() was given a reference to something that is no list; expected an array. Pass a list, or call the step once.",
  );
}
