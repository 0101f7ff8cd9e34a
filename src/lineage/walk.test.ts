import { describe, expect, it } from "vitest";
import type { LineageDirection, LineageNode } from "./graph.ts";
import type { KindOfThing, LineageLink } from "./kinds/kind.ts";
import { type KindsOfThings, type LineageStep, type WalkOptions, walkLineage } from "./walk.ts";

type Links = Readonly<Record<string, readonly LineageLink[]>>;

const KINDS: Readonly<Record<string, LineageNode["kind"]>> = { d: "document", k: "cleaned-document", c: "chunk" };
/** Kinds by the first letter of the id: d document, k cleaned document, c chunk, a artifact, i invocation, r run. */
const kindOf = (id: string): LineageNode["kind"] =>
  KINDS[id[0] ?? ""] ?? (id.startsWith("i") ? "invocation" : id.startsWith("r") ? "run" : "artifact");
const toNode = (id: string): LineageNode => ({ id, kind: kindOf(id), label: id, facts: {} });
const to = (id: string, holds?: readonly string[]): LineageLink => ({
  id,
  kind: kindOf(id),
  relation: kindOf(id) === "artifact" ? "made" : "read by",
  ...(holds ? { holds } : {}),
});

/** Things that are linked as the tables say; `asked` has whose links were read. */
function thingsOf(links: Partial<Record<LineageDirection, Links>>, lost: readonly string[] = []) {
  const asked: string[] = [];
  const thing: KindOfThing = {
    load: async (id) => (lost.includes(id) ? undefined : toNode(id)),
    async links(id, direction) {
      asked.push(id);
      return links[direction]?.[id] ?? [];
    },
  };
  const names = [
    "document",
    "cleaned-document",
    "chunk",
    "features",
    "index",
    "artifact",
    "dataset",
    "invocation",
    "run",
  ];
  const kinds = Object.fromEntries([...names, "model"].map((name) => [name, thing])) as unknown as KindsOfThings; // every kind is named
  return { kinds, asked };
}

async function walk(
  things: ReturnType<typeof thingsOf>,
  root: string,
  { direction = "down", ...options }: WalkOptions & { direction?: LineageDirection } = {},
): Promise<LineageStep[]> {
  const steps: LineageStep[] = [];
  for await (const step of walkLineage(toNode(root), direction, { ...options, kinds: things.kinds })) steps.push(step);
  return steps;
}

const nodesOf = (steps: readonly LineageStep[]): string[] =>
  steps.flatMap((step) => (step.type === "node" ? [`${step.node.id}:${step.depth}`] : []));
const edgesOf = (steps: readonly LineageStep[]): string[] =>
  steps.flatMap((step) => (step.type === "edge" ? [`${step.edge.from}>${step.edge.to}`] : []));

describe("a walk", () => {
  it("comes to each thing once, nearest first, and tells every edge, which points from cause to result", async () => {
    const diamond = { a1: [to("i1"), to("i2")], i1: [to("a2")], i2: [to("a2")] };
    const steps = await walk(thingsOf({ down: diamond }), "a1");
    expect(nodesOf(steps)).toEqual(["a1:0", "i1:1", "i2:1", "a2:2"]);
    expect(edgesOf(steps)).toEqual(["a1>i1", "a1>i2", "i1>a2", "i2>a2"]);
    expect(edgesOf(await walk(thingsOf({ up: { a2: [to("i1")] } }), "a2", { direction: "up" }))).toEqual(["i1>a2"]);
  });

  it("goes no further than it is let, and reads nothing beyond", async () => {
    const things = thingsOf({ down: { a1: [to("i1")], i1: [to("a2")], a2: [to("i2")] } });
    expect(nodesOf(await walk(things, "a1", { depth: 2 }))).toEqual(["a1:0", "i1:1", "a2:2"]);
    expect(things.asked).toEqual(["a1", "i1"]);
  });

  it("reads on only when the next step is asked for", async () => {
    const things = thingsOf({ down: { a1: [to("i1")], i1: [to("a2")], a2: [to("i2")] } });
    for await (const step of walkLineage(toNode("a1"), "down", { kinds: things.kinds })) {
      if (step.type === "node" && step.depth === 1) break;
    }
    expect(things.asked).toEqual(["a1"]);
  });

  it("follows so many neighbours of a kind, counts the others, and stops at its limit", async () => {
    const fan = Array.from({ length: 2000 }, (_, i) => to(`c${i}`));
    const things = thingsOf({ down: { k1: [...fan, to("a1")], c0: [to("a2")] } });
    const steps = await walk(things, "k1", { breadth: 3 });
    expect(nodesOf(steps)).toEqual(["k1:0", "c0:1", "c1:1", "c2:1", "a1:1", "a2:2"]);
    expect(steps.filter(({ type }) => type === "more")).toEqual([
      { type: "more", more: { at: "k1", direction: "down", kind: "chunk", count: 1997 } },
    ]);
    const limited = await walk(things, "k1", { breadth: 3, limit: 5 });
    expect(nodesOf(limited)).toHaveLength(5);
    expect(limited.at(-1)).toMatchObject({ more: { at: "c0", kind: "artifact", count: 1 } });
    expect(nodesOf(await walk(things, "k1"))).toHaveLength(2003);
  });

  it("ends although edges that cannot be go in a circle", async () => {
    const steps = await walk(thingsOf({ down: { a1: [to("i1")], i1: [to("a1")] } }), "a1");
    expect(nodesOf(steps)).toEqual(["a1:0", "i1:1"]);
    expect(edgesOf(steps)).toEqual(["a1>i1", "i1>a1"]);
  });

  it("names what an edge leads to although it is not there any more", async () => {
    const steps = await walk(thingsOf({ up: { a1: [to("i1")] } }, ["i1"]), "a1", { direction: "up" });
    expect(steps.find((step) => step.type === "node" && step.depth === 1)).toMatchObject({
      node: { id: "i1", kind: "invocation", facts: { missing: true } },
    });
  });

  it("opens a run only where it begins", async () => {
    const links = { r1: [to("i1"), to("i2")], i1: [to("r1")] };
    expect(nodesOf(await walk(thingsOf({ down: links }), "r1"))).toEqual(["r1:0", "i1:1", "i2:1"]);
    expect(nodesOf(await walk(thingsOf({ up: links }), "i1", { direction: "up" }))).toEqual(["i1:0", "r1:1"]);
  });
});

describe("a walk among records and what holds many of them", () => {
  it("does not come from one document to another by an artifact that held both", async () => {
    const down = { "d1@1": [to("a1", ["d1@1", "d2@1"])], a1: [to("i1")], i1: [to("k1"), to("k2"), to("a2")] };
    expect(nodesOf(await walk(thingsOf({ down }), "d1@1"))).toEqual(["d1@1:0", "a1:1", "i1:2", "a2:3"]);
  });

  it("passes by an artifact in which the document is not, and comes to one in which what was made of it is", async () => {
    const down = {
      "d1@1": [to("i1")],
      i1: [to("a1", ["cleaned/d2@1"]), to("a2", ["cleaned/d1@1"]), to("a3")],
      a1: [to("i2")],
    };
    expect(nodesOf(await walk(thingsOf({ down }), "d1@1"))).toEqual(["d1@1:0", "i1:1", "a2:2", "a3:2"]);
  });

  it("believes the nearest artifact that says what is in it, and takes no more documents from those before it", async () => {
    const isIn = (id: string): LineageLink => ({ id, kind: "cleaned-document", relation: "is in" });
    const up = { a9: [isIn("k1"), to("i9")], i9: [to("a8")], a8: [isIn("k1"), isIn("k2"), to("i8")], k1: [to("d1")] };
    const steps = await walk(thingsOf({ up }), "a9", { direction: "up" });
    expect(nodesOf(steps)).toEqual(["a9:0", "k1:1", "i9:1", "d1:2", "a8:2", "i8:3"]);
  });

  it("comes to records by the second way where the first was closed to them", async () => {
    const isIn = (id: string): LineageLink => ({ id, kind: "document", relation: "is in" });
    const up = {
      i0: [to("a1"), to("a3")],
      a1: [isIn("d1"), to("i1")],
      i1: [to("a2")],
      a2: [isIn("d2")],
      a3: [to("i3")],
      i3: [to("a4")],
      a4: [to("i4")],
      i4: [to("a2")],
    };
    const steps = await walk(thingsOf({ up }), "i0", { direction: "up" });
    expect(nodesOf(steps)).toContain("d2:6");
  });
});
