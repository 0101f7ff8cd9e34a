/**
 * The chain of ids as a graph: what there is, and what became of what. Every edge points from what came first to
 * what came of it, so walking up is following edges backwards.
 */

import type { JsonValue } from "../core/json.ts";

/** `features`: a version of a feature group, as far as it is one author's. `dataset`: an artifact of training samples. */
export type LineageKind =
  | "document"
  | "cleaned-document"
  | "chunk"
  | "features"
  | "index"
  | "artifact"
  | "dataset"
  | "invocation"
  | "run"
  | "model";

/** Up is where something came from, down is what became of it. */
export type LineageDirection = "up" | "down";

/** What an edge says, read from its start to its end: "document cleaned as cleaned document". */
export type LineageRelation =
  | "cleaned as"
  | "chunked into"
  | "indexed in"
  | "holds"
  | "is in"
  | "read by"
  | "made"
  | "wrote"
  | "called"
  | "used again by"
  | "gave again"
  | "trained";

/** One thing in the chain. */
export interface LineageNode {
  /** Unique over all kinds, and what `find` takes. */
  readonly id: string;
  readonly kind: LineageKind;
  /** For people; as it was written by whoever wrote it, so a renderer must escape it. */
  readonly label: string;
  /** `missing: true` alone where an edge leads to what is not there any more. */
  readonly facts: { readonly [name: string]: JsonValue };
}

/** What became of what. */
export interface LineageEdge {
  /** Id of what came first. */
  readonly from: string;
  /** Id of what came of it. */
  readonly to: string;
  readonly relation: LineageRelation;
}

/** Neighbours of a node that a bounded walk left out. */
export interface LineageMore {
  readonly at: string;
  readonly direction: LineageDirection;
  readonly kind: LineageKind;
  readonly count: number;
}

/** What a walk, or one in each direction, came by. */
export interface LineageGraph {
  readonly root: LineageNode;
  /** With the root, nearest first. */
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  /** Empty when the walk was not bounded. */
  readonly more: readonly LineageMore[];
}
