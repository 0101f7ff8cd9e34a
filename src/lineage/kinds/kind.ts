/** What a kind of thing must tell so that a walk can come to it and go on from it. */

import type { LineageDirection, LineageKind, LineageNode, LineageRelation } from "../graph.ts";

/** One step of a walk, not yet loaded. */
export interface LineageLink {
  readonly id: string;
  /** `artifact` also for a dataset, which tells when it is loaded. */
  readonly kind: LineageKind;
  readonly relation: LineageRelation;
  /** Of an artifact whose step says so: the keys of what is in it. */
  readonly holds?: readonly string[];
}

export interface KindOfThing {
  load(id: string): Promise<LineageNode | undefined>;
  /** Neighbours in one direction; the nearest relation first. */
  links(id: string, direction: LineageDirection): Promise<readonly LineageLink[]>;
}
