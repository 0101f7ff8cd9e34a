/** `trilith lineage`: what something came from and what became of it, as a tree or a drawing, or whole as JSON. */

import type { Workspace } from "../../contracts/workspace.ts";
import {
  createLineage,
  type Lineage,
  type LineageDirection,
  type LineageNode,
  renderDot,
  renderMermaid,
  renderTree,
} from "../../lineage/index.ts";
import type { CommandContext } from "../command-context.ts";
import { OptionValueError, UnknownNameError } from "../errors.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";

interface LineageOptions {
  readonly up?: boolean;
  readonly down?: boolean;
  readonly depth?: string;
  readonly dot?: boolean;
  readonly mermaid?: boolean;
}

/** How much a drawing shows; JSON has everything. */
const DRAWN = { breadth: 10, limit: 300 };

/** Prints the lineage of what is called `id`. */
export async function lineageCommand(context: CommandContext, id: string, options: LineageOptions): Promise<void> {
  const { terminal } = context;
  if (options.dot && options.mermaid) throw new OptionValueError("--mermaid", "with --dot", "one of the two");
  const depth = options.depth === undefined ? {} : { depth: parseCount("--depth", options.depth) };
  const directions = directionsOf(options);
  await withProject(context, async (workspace) => {
    const lineage = await openLineage(workspace);
    const root = await findNode(lineage, id);
    const graph = await lineage.graph(root, directions, { ...depth, ...(terminal.json ? {} : DRAWN) });
    terminal.printJson({ id: root.id, nodes: graph.nodes, edges: graph.edges });
    if (options.dot) return terminal.print(renderDot(graph).trimEnd());
    if (options.mermaid) return terminal.print(renderMermaid(graph).trimEnd());
    for (const line of renderTree(graph, { colors: terminal.color, directions })) terminal.print(line);
    if (graph.more.length > 0) terminal.note("Everything that is left out here is in: --json");
  });
}

async function openLineage(workspace: Workspace): Promise<Lineage> {
  const { runs } = workspace;
  const [warehouse, features, vectors, registry] = await Promise.all([
    workspace.open("warehouse"),
    workspace.open("features"),
    workspace.open("vectors"),
    workspace.open("registry"),
  ]);
  return createLineage({ runs, warehouse, features, vectors, registry });
}

async function findNode(lineage: Lineage, id: string): Promise<LineageNode> {
  const node = await lineage.find(id);
  if (node !== undefined) return node;
  const nearest = await lineage.nearest(id);
  const advice =
    nearest.length === 0 ? "There is nothing in this workspace yet." : `Nearest are ${nearest.join(", ")}.`;
  throw new UnknownNameError("document, chunk, artifact, run, invocation or model", id, advice);
}

function directionsOf({ up = false, down = false }: LineageOptions): LineageDirection[] {
  if (up === down) return ["up", "down"];
  return up ? ["up"] : ["down"];
}
