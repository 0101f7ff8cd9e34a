/** The chain of ids over the stores: find a thing by whatever it is called, and walk to where it came from or went. */

import type { LineageDirection, LineageEdge, LineageGraph, LineageMore, LineageNode } from "./graph.ts";
import { featuresKind, indexKind } from "./kinds/features.ts";
import { modelKind } from "./kinds/models.ts";
import { chunkKind, cleanedDocumentKind, documentKind } from "./kinds/records.ts";
import { artifactKind, invocationKind, runKind } from "./kinds/runs.ts";
import { createLineageReader, type LineagePorts } from "./reader.ts";
import { nearestIds, resolveId } from "./resolve.ts";
import { type KindsOfThings, type LineageStep, type WalkOptions, walkLineage } from "./walk.ts";

/** The chain, as it was when it was created: what is written later may be missed. */
export interface Lineage {
  /**
   * The thing of that id: a document's (its newest version), `<document>@<version>`, a chunk's, an artifact's
   * `<name>@<version>`, name or the beginning of its hash, a run's or the beginning of it, an invocation's, a model's
   * `<name>@<version>` or name, `index`, a document's URL or path, or the `id` of any node.
   */
  find(id: string): Promise<LineageNode | undefined>;
  /** Up to five ids that read like one that was not found. */
  nearest(id: string): Promise<string[]>;
  /** From a node that `find` gave, nearest first; a store is read only as far as the steps are taken. */
  walk(root: LineageNode, direction: LineageDirection, options?: WalkOptions): AsyncIterable<LineageStep>;
  /** The walks in the directions, taken to their ends, as one graph. */
  graph(root: LineageNode, directions: readonly LineageDirection[], options?: WalkOptions): Promise<LineageGraph>;
}

const NEAREST = 5;

/** Lineage over the ports; it only reads. */
export function createLineage(ports: LineagePorts): Lineage {
  const reader = createLineageReader(ports);
  const artifact = artifactKind(reader);
  const kinds: KindsOfThings = {
    document: documentKind(reader),
    "cleaned-document": cleanedDocumentKind(reader),
    chunk: chunkKind(reader),
    features: featuresKind(reader),
    index: indexKind(reader),
    artifact,
    dataset: artifact,
    invocation: invocationKind(reader),
    run: runKind(reader),
    model: modelKind(reader),
  };
  const walk: Lineage["walk"] = (root, direction, options) => walkLineage(root, direction, { ...options, kinds });
  return {
    find: (id) => resolveId(id.trim(), reader, kinds),
    nearest: (id) => nearestIds(id, reader, NEAREST),
    walk,
    async graph(root, directions, options) {
      const nodes = new Map<string, LineageNode>();
      const edges: LineageEdge[] = [];
      const more: LineageMore[] = [];
      for (const direction of directions) {
        for await (const step of walk(root, direction, options)) {
          if (step.type === "node") nodes.set(step.node.id, step.node);
          else if (step.type === "edge") edges.push(step.edge);
          else more.push(step.more);
        }
      }
      return { root, nodes: [...nodes.values()], edges, more };
    },
  };
}
