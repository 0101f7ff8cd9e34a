/** A graph in Graphviz's language. Nodes are called n0, n1, …; what people wrote stands in quoted labels alone. */

import { detailOf, moreOf, titleOf } from "./describe-node.ts";
import type { LineageGraph, LineageKind } from "./graph.ts";

const SHAPES: Readonly<Record<LineageKind, string>> = {
  document: "note",
  "cleaned-document": "note",
  chunk: "note",
  features: "folder",
  index: "cylinder",
  artifact: "box",
  dataset: "cylinder",
  invocation: "ellipse",
  run: "component",
  model: "box3d",
};

/** One `digraph`, with a newline at its end; the root is drawn bold. */
export function renderDot({ root, nodes, edges, more }: LineageGraph): string {
  const names = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const lines = nodes.map((node, i) => {
    const label = quote(`${titleOf(node)}\n${detailOf(node)}`);
    const style = node.id === root.id ? ", style=bold" : "";
    return `n${i} [label=${label}, shape=${SHAPES[node.kind]}, tooltip=${quote(node.id)}${style}];`;
  });
  const arrows = edges.flatMap(({ from, to, relation }) =>
    arrow(names.get(from), names.get(to), `label=${quote(relation)}`),
  );
  const rest = more.flatMap((each, i) => {
    const ends = [names.get(each.at), `m${i}`];
    const [from, to] = each.direction === "down" ? ends : ends.reverse();
    return [`m${i} [label=${quote(`… ${moreOf(each)}`)}, shape=plaintext];`, ...arrow(from, to, "style=dashed")];
  });
  const head = ["rankdir=LR;", 'node [fontname="sans-serif"];', 'edge [fontname="sans-serif", fontsize=10];'];
  return ["digraph lineage {", ...[...head, ...lines, ...arrows, ...rest].map((line) => `  ${line}`), "}", ""].join(
    "\n",
  );
}

function arrow(from: string | undefined, to: string | undefined, attributes: string): string[] {
  return from === undefined || to === undefined ? [] : [`${from} -> ${to} [${attributes}];`];
}

/**
 * A string of the language. A backslash would begin an escape such as `\N`, which stands for the node's name.
 *
 * @source graphviz.org/doc/info/attrs.html#k:escString
 */
function quote(text: string): string {
  return `"${text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replace(/\r\n|[\r\n]/g, "\\n")
    .replaceAll("\0", "")}"`;
}
