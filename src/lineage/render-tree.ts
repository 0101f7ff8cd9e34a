/** A graph as a tree for a terminal: where the root came from, then what became of it. Each node is opened once. */

import { detailOf, moreOf, titleOf } from "./describe-node.ts";
import type { LineageDirection, LineageGraph, LineageNode } from "./graph.ts";

/** How the parts of a line are told apart; each gives its text with or without colour. */
export interface TreeColors {
  /** For the root and the headings. */
  bold(text: string): string;
  /** For what describes a node. */
  dim(text: string): string;
  /** For a node that is opened elsewhere. */
  cyan(text: string): string;
}

const HEADINGS: Readonly<Record<LineageDirection, readonly [some: string, none: string]>> = {
  up: ["came from", "came from nothing that is known"],
  down: ["became", "nothing has been made of it yet"],
};

/** Lines without line breaks. A node that is reached again is named with a reference to where its own branches are. */
export function renderTree(
  graph: LineageGraph,
  { colors, directions }: { readonly colors: TreeColors; readonly directions: readonly LineageDirection[] },
): string[] {
  const { root } = graph;
  const lines = [`${colors.bold(titleOf(root))}  ${colors.dim(detailOf(root))}`];
  for (const direction of directions) {
    const branches = branchesOf(graph, direction);
    const drawn = [...drawBranches(root.id, branches, { colors, prefix: "", opened: new Set([root.id]) })];
    const [some, none] = HEADINGS[direction];
    lines.push("", drawn.length === 0 ? colors.dim(none) : colors.bold(some));
    for (const line of drawn) lines.push(line);
  }
  return lines;
}

interface Branches {
  readonly of: ReadonlyMap<string, readonly LineageNode[]>;
  readonly more: ReadonlyMap<string, readonly string[]>;
}

function branchesOf({ root, nodes, edges, more }: LineageGraph, direction: LineageDirection): Branches {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const [near, far] = direction === "up" ? (["to", "from"] as const) : (["from", "to"] as const);
  // Who called a step is said in its own line.
  const drawn = edges.filter((edge) => direction === "down" || edge.relation !== "called" || edge.to === root.id);
  const of = new Map(
    [...Map.groupBy(drawn, (edge) => edge[near])].map(([id, members]) => {
      const ids = [...new Set(members.map((edge) => edge[far]))];
      return [id, ids.flatMap((each) => known.get(each) ?? [])] as const;
    }),
  );
  const left = more.filter((each) => each.direction === direction);
  return { of, more: new Map([...Map.groupBy(left, ({ at }) => at)].map(([id, all]) => [id, all.map(moreOf)])) };
}

interface Pen {
  readonly colors: TreeColors;
  readonly prefix: string;
  readonly opened: Set<string>;
}

function* drawBranches(id: string, branches: Branches, { colors, prefix, opened }: Pen): Generator<string> {
  const children = branches.of.get(id) ?? [];
  const more = branches.more.get(id) ?? [];
  for (const [i, node] of children.entries()) {
    const isLast = i === children.length - 1 && more.length === 0;
    const hasBranches = branches.of.has(node.id) || branches.more.has(node.id);
    const again = opened.has(node.id);
    opened.add(node.id);
    const reference = again && hasBranches ? ` ${colors.cyan("↑ see above")}` : "";
    yield `${prefix}${isLast ? "└─" : "├─"} ${titleOf(node)}  ${colors.dim(detailOf(node))}${reference}`;
    if (!again)
      yield* drawBranches(node.id, branches, { colors, prefix: `${prefix}${isLast ? "   " : "│  "}`, opened });
  }
  for (const [i, text] of more.entries()) {
    yield `${prefix}${i === more.length - 1 ? "└─" : "├─"} ${colors.dim(`… ${text}`)}`;
  }
}
