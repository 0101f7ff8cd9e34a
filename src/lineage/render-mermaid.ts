/** A graph as a Mermaid flowchart. Nodes are called n0, n1, …; what people wrote stands in quoted labels alone. */

import { detailOf, moreOf, titleOf } from "./describe-node.ts";
import type { LineageGraph, LineageKind } from "./graph.ts";

type Shape = readonly [open: string, close: string];
const BOX: Shape = ["[", "]"];
const STORE: Shape = ["[(", ")]"];
const SHAPES: Readonly<Record<LineageKind, Shape>> = {
  document: BOX,
  "cleaned-document": BOX,
  chunk: BOX,
  features: STORE,
  index: STORE,
  artifact: BOX,
  dataset: STORE,
  invocation: ["(", ")"],
  run: ["([", "])"],
  model: ["{{", "}}"],
};

/** One `flowchart`, with a newline at its end; the root has a thick border. */
export function renderMermaid({ root, nodes, edges, more }: LineageGraph): string {
  const names = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const lines = nodes.map((node, i) => {
    const [open, close] = SHAPES[node.kind];
    return `n${i}${open}"${escapeLabel(titleOf(node))}<br/>${escapeLabel(detailOf(node))}"${close}`;
  });
  const arrows = edges.flatMap(({ from, to, relation }) => {
    const [start, end] = [names.get(from), names.get(to)];
    return start && end ? [`${start} -- "${escapeLabel(relation)}" --> ${end}`] : [];
  });
  const rest = more.flatMap((each, i) => {
    const at = names.get(each.at);
    const box = `m${i}["… ${escapeLabel(moreOf(each))}"]`;
    if (at === undefined) return [];
    return [each.direction === "down" ? `${at} -.-> ${box}` : `${box} -.-> ${at}`];
  });
  const style = names.has(root.id) ? [`style ${names.get(root.id)} stroke-width:3px`] : [];
  return ["flowchart LR", ...[...lines, ...arrows, ...rest, ...style].map((line) => `  ${line}`), ""].join("\n");
}

/**
 * Everything but letters, digits, spaces and harmless punctuation as a character code, so that no label ends its
 * string, becomes Markdown or is taken for HTML.
 *
 * @source mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
 */
function escapeLabel(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{M} _.,:@/…·'’–—-]/gu, (character) => `#${character.codePointAt(0)};`);
}
