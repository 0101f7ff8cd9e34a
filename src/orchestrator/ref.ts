/**
 * References: what a call of a step gives inside a pipeline.
 * Passed on, a reference is an edge of the graph; awaited, it is the value.
 * The types stop an async function from returning a bare one, which `await` would unwrap.
 */

import type { ContentHash } from "../core/hash.ts";
import type { JsonValue } from "../core/json.ts";

declare const brand: unique symbol;

/** A value that a step will have made. Passing it to another step is an edge; awaiting it loads the value. */
export interface Ref<T> extends PromiseLike<T> {
  /** Producer's invocation id, output, and member: `crawl_links-3f2a….output[2]`. */
  readonly id: string;
  /** A reference to one member: an element of a list, a property of an object, an output of a nested pipeline. */
  at<K extends string | number>(key: K): Ref<MemberOf<T, K>>;
  readonly [brand]: T;
}

type MemberOf<T, K> = T extends readonly (infer U)[] ? U : K extends keyof T ? T[K] : unknown;

type Leaf = string | number | boolean | bigint | null | undefined | Uint8Array | Date | ReadonlyMap<unknown, unknown>;

/** `T` with a reference allowed at any depth in place of the value. A list may come from a reference to a readonly one. */
export type Refs<T> =
  | Ref<T>
  | (T extends Leaf
      ? T
      : T extends readonly (infer U)[]
        ? Ref<readonly U[]> | readonly Refs<U>[]
        : { readonly [K in keyof T]: Refs<T[K]> });

/** What a pipeline may return: nothing, a reference, or named references and lists of them. */
export type Outputs = void | Ref<unknown> | { readonly [name: string]: Ref<unknown> | readonly Ref<unknown>[] };

/** The values behind a pipeline's outputs. */
export type Values<R> =
  R extends Ref<infer T> ? T : R extends object ? { -readonly [K in keyof R]: ValueAt<R[K]> } : void;
type ValueAt<R> = R extends Ref<infer T> ? T : R extends readonly Ref<infer U>[] ? U[] : never;

/** Where a reference's bytes are, once there are some. */
export interface ArtifactEdge {
  readonly artifactId: string;
  readonly hash: ContentHash;
}

/** How another process finds the value that a reference stands for. */
export type RefRecipe =
  | {
      readonly kind: "artifact";
      readonly artifactId: string;
      readonly materializer: string;
      /** Where the materializer is declared, for those that are not built in. */
      readonly step: { readonly modulePath: string | null; readonly name: string; readonly output: string };
    }
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "member"; readonly of: RefRecipe; readonly key: string | number }
  | { readonly kind: "list"; readonly items: readonly RefRecipe[] }
  | { readonly kind: "object"; readonly members: Readonly<Record<string, RefRecipe>> };

/** What the engine knows of a reference. */
export interface RefNode {
  /** Content-based; `undefined` while it depends on the length of a list that is still being made. */
  readonly identity: string | undefined;
  readonly identified: Promise<string>;
  /** Resolves when the value can be loaded; rejects when it never will be. Rejections are marked as handled. */
  readonly settled: Promise<void>;
  /** A copy of the value that belongs to the caller. Only after `settled`. */
  load(): Promise<unknown>;
  /** Hash of the value that `load` gives. Only after `settled`. */
  contentHash(): Promise<ContentHash>;
  /** Artifacts that the value is read from. Only after `settled`. */
  edges(): readonly ArtifactEdge[];
  /** How another process loads the value. Only after `settled`. */
  recipe(): Promise<RefRecipe>;
  /** A member of the value, shared with other readers: to be copied before it is handed out. Only after `settled`. */
  member(key: string | number): Promise<unknown>;
  /** A node for a member. */
  memberNode(key: string | number): RefNode;
  /** How many elements the list has. Only after `settled`. @throws {InvalidDefinitionError} when it is no list */
  length(): Promise<number>;
  /** Called when a pipeline awaits the reference: a failure is then the pipeline's to catch. */
  markAwaited(): void;
  /** Tells the engine that the pipeline's function is reading the value, so that the run is not idle. */
  reading<T>(value: Promise<T>): Promise<T>;
}

const nodes = new WeakMap<object, RefNode>();

class NodeRef<T> implements Ref<T> {
  declare readonly [brand]: T;

  constructor(node: RefNode) {
    nodes.set(this, node);
  }

  get id(): string {
    return nodeOf(this).identity ?? "(not known before its list)";
  }

  // The value's type is the schema's: `load` gives what the materializer of `T` read back.
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const node = nodeOf(this);
    node.markAwaited();
    return (node.settled.then(() => node.reading(node.load())) as Promise<T>).then(onValue, onError);
  }

  at<K extends string | number>(key: K): Ref<MemberOf<T, K>> {
    return createRef(nodeOf(this).memberNode(key));
  }
}

/** A reference to what `node` stands for. */
export function createRef<T>(node: RefNode): Ref<T> {
  node.settled.catch(() => undefined); // a failure is reported by the run, and again to whoever awaits
  node.identified.catch(() => undefined);
  return new NodeRef<T>(node);
}

/** Whether `value` is a reference. */
export function isRef(value: unknown): value is Ref<unknown> {
  return typeof value === "object" && value !== null && nodes.has(value);
}

/** The node behind a reference that `createRef` made. */
export function nodeOf(ref: object): RefNode {
  const node = nodes.get(ref);
  if (node === undefined) throw new TypeError("not a reference"); // isRef was not asked: a bug of the engine
  return node;
}
