import { describe, expect, it } from "vitest";
import type { LineageGraph, LineageNode } from "./graph.ts";
import { renderDot } from "./render-dot.ts";
import { renderMermaid } from "./render-mermaid.ts";
import { renderTree } from "./render-tree.ts";

const node = (id: string, kind: LineageNode["kind"], label = id, facts: LineageNode["facts"] = {}): LineageNode => ({
  id,
  kind,
  label,
  facts,
});

const HOSTILE = 'He said "no" [x]\n</script><script>alert(1)</script> \\N {a|b} `c` #1; \u001b[2J';

/** A document whose two chunks are in one index, and a dataset of it that two runs read. */
const graph: LineageGraph = {
  root: node("d@1", "document", HOSTILE, { source: "notes/a.md" }),
  nodes: [
    node("d@1", "document", HOSTILE, { source: "notes/a.md" }),
    node("c1", "chunk", "One", { title: "A" }),
    node("c2", "chunk", "Two", { title: "A" }),
    node("index/g1", "index", "vector index", { inUse: true, pointCount: 1200 }),
    node("train@1", "dataset", "train@1", { hash: "sha256:0123456789abcdef0123" }),
    node("r/i", "invocation", "train", { run: "r", state: "failed" }),
    node("crawl/i", "invocation", "crawl_links", { run: "crawl", state: "completed" }),
    node("gone@1", "artifact", "gone@1", { missing: true }),
  ],
  edges: [
    { from: "crawl/i", to: "d@1", relation: "wrote" },
    { from: "gone@1", to: "crawl/i", relation: "read by" },
    { from: "d@1", to: "c1", relation: "chunked into" },
    { from: "d@1", to: "c2", relation: "chunked into" },
    { from: "c1", to: "index/g1", relation: "indexed in" },
    { from: "c2", to: "index/g1", relation: "indexed in" },
    { from: "d@1", to: "train@1", relation: "is in" },
    { from: "train@1", to: "r/i", relation: "read by" },
    { from: "index/g1", to: "r/i", relation: "read by" },
  ],
  more: [
    { at: "d@1", direction: "down", kind: "chunk", count: 1990 },
    { at: "crawl/i", direction: "up", kind: "features", count: 1 },
  ],
};

const plain = (text: string): string => text;
const marked = {
  bold: (text: string) => `*${text}*`,
  dim: (text: string) => `(${text})`,
  cyan: (text: string) => `<${text}>`,
};

describe("the tree", () => {
  it("draws what a thing came from and what became of it, each node's branches once", () => {
    const lines = renderTree(graph, { colors: { bold: plain, dim: plain, cyan: plain }, directions: ["up", "down"] });
    expect(lines.slice(1)).toEqual([
      "",
      "came from",
      "└─ crawl_links  invocation · in crawl",
      "   ├─ gone@1  artifact · not there any more",
      "   └─ … 1 more features",
      "",
      "became",
      "├─ One  chunk · c1 · A",
      "│  └─ vector index  index · index/g1 · 1,200 chunks · in use",
      "│     └─ train  invocation · in r · failed",
      "├─ Two  chunk · c2 · A",
      "│  └─ vector index  index · index/g1 · 1,200 chunks · in use ↑ see above",
      "├─ train@1  dataset · 0123456789ab",
      "│  └─ train  invocation · in r · failed",
      "└─ … 1,990 more chunks",
    ]);
  });

  it("keeps a label on its line, without control characters, and not over 72 characters long", () => {
    const [line = ""] = renderTree(graph, { colors: { bold: plain, dim: plain, cyan: plain }, directions: [] });
    expect(line).toBe(
      'He said "no" [x] </script><script>alert(1)</script> \\N {a|b} `c` #1; [2J  document · d@1 · notes/a.md',
    );
    const long = { ...graph, root: node("x", "document", "é".repeat(500)) };
    const [cut = ""] = renderTree(long, { colors: { bold: plain, dim: plain, cyan: plain }, directions: [] });
    expect(cut.split("  ")[0]).toBe(`${"é".repeat(71)}…`);
  });

  it("colours what it is handed colours for, and says when there is nothing", () => {
    const alone: LineageGraph = { ...graph, nodes: [graph.root], edges: [], more: [] };
    const lines = renderTree(alone, { colors: marked, directions: ["up", "down"] });
    expect(lines[0]).toMatch(/^\*He said .*\* {2}\(document · d@1 · notes\/a\.md\)$/);
    expect(lines.slice(1)).toEqual(["", "(came from nothing that is known)", "", "(nothing has been made of it yet)"]);
    expect(renderTree(graph, { colors: marked, directions: ["down"] }).join("\n")).toContain(" <↑ see above>");
  });

  it("leaves who called a step to the step's own line, except at the root", () => {
    const called: LineageGraph = {
      root: node("a@1", "artifact"),
      nodes: [node("a@1", "artifact"), node("r/i", "invocation", "made_it", { run: "r" }), node("r", "run")],
      edges: [
        { from: "r/i", to: "a@1", relation: "made" },
        { from: "r", to: "r/i", relation: "called" },
      ],
      more: [],
    };
    const colors = { bold: plain, dim: plain, cyan: plain };
    expect(renderTree(called, { colors, directions: ["up"] }).at(-1)).toBe("└─ made_it  invocation · in r");
    const [, root] = called.nodes;
    const fromStep = renderTree({ ...called, root: root ?? called.root }, { colors, directions: ["up"] });
    expect(fromStep.at(-1)).toBe("└─ r  run");
  });
});

describe("DOT", () => {
  it("quotes labels so that none ends its string or is read as an escape", () => {
    const dot = renderDot(graph);
    const [first = ""] = dot.split("\n").filter((line) => line.startsWith("  n0 "));
    expect(first).toBe(
      '  n0 [label="He said \\"no\\" [x] </script><script>alert(1)</script> \\\\N {a|b} `c` #1; [2J\\ndocument · d@1 · notes/a.md", shape=note, tooltip="d@1", style=bold];',
    );
    expect(dot.startsWith("digraph lineage {\n")).toBe(true);
    expect(dot.endsWith("}\n")).toBe(true);
    expect(dot).toContain('  n6 -> n0 [label="wrote"];');
    expect(dot).toContain('  m0 [label="… 1,990 more chunks", shape=plaintext];\n  n0 -> m0 [style=dashed];');
    expect(dot).toContain("  m1 -> n6 [style=dashed];");
    // Outside its strings a line has only what this renderer writes.
    for (const line of dot.split("\n")) expect(line.replace(/"(?:[^"\\]|\\.)*"/g, "")).toMatch(/^[\w ={}[\];,>-]*$/);
  });
});

describe("Mermaid", () => {
  it("writes whatever could end a label or be markup as a character code", () => {
    const mermaid = renderMermaid(graph);
    const [head, first] = mermaid.split("\n");
    expect(head).toBe("flowchart LR");
    expect(first).toBe(
      '  n0["He said #34;no#34; #91;x#93; #60;/script#62;#60;script#62;alert#40;1#41;#60;/script#62; #92;N #123;a#124;b#125; #96;c#96; #35;1#59; #91;2J<br/>document · d@1 · notes/a.md"]',
    );
    expect(mermaid).toContain('  n3[("vector index<br/>index · index/g1 · 1,200 chunks · in use")]');
    expect(mermaid).toContain('  n6 -- "wrote" --> n0');
    expect(mermaid).toContain('  n0 -.-> m0["… 1,990 more chunks"]\n  m1["… 1 more features"] -.-> n6');
    expect(mermaid.endsWith("  style n0 stroke-width:3px\n")).toBe(true);
    expect(mermaid.match(/"/g)?.length).toBe(2 * (graph.nodes.length + graph.edges.length + graph.more.length));
  });
});
