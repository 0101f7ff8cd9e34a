/** Door of the lineage room: the chain of ids from a document to a model, walked and drawn; and what steps say of it. */

export { createLineage, type Lineage } from "./create-lineage.ts";
export { findDatasets } from "./find-datasets.ts";
export type {
  LineageDirection,
  LineageEdge,
  LineageGraph,
  LineageKind,
  LineageMore,
  LineageNode,
  LineageRelation,
} from "./graph.ts";
export { cleanedKey, documentKey, featuresKey, indexKey, modelKey } from "./ids.ts";
export { readCode } from "./read-code.ts";
export type { LineagePorts } from "./reader.ts";
export { renderDot } from "./render-dot.ts";
export { renderMermaid } from "./render-mermaid.ts";
export { renderTree, type TreeColors } from "./render-tree.ts";
export { type Touched, touched } from "./touched.ts";
export type { LineageStep, WalkOptions } from "./walk.ts";
