import { beforeAll, describe, expect, it } from "vitest";
import {
  type Collected,
  collect,
  draft,
  engineer,
  entry,
  keyOf,
  openStores,
  ran,
  type Stores,
  startRun,
  train,
} from "../../test/lineage-stores.ts";
import { hashBytes } from "../core/hash.ts";
import { createLineage } from "./create-lineage.ts";
import type { LineageDirection, LineageGraph, LineageKind } from "./graph.ts";
import { cleanedKey, documentKey, featuresKey } from "./ids.ts";

let stores: Stores;
let ada: Collected;
let bob: Collected;
beforeAll(async () => {
  stores = await openStores();
  ada = await collect(stores, "Ada", 3);
  bob = await collect(stores, "Bob", 2);
  await engineer(stores, "features-0001", [ada, bob]);
  await train(stores, "training-ada", ada);
  await train(stores, "training-bob", bob);
});

async function graphOf(id: string, direction: LineageDirection, of = stores): Promise<LineageGraph> {
  const lineage = createLineage(of);
  const root = await lineage.find(id);
  if (root === undefined) throw new RangeError(`nothing is called ${id}`);
  return lineage.graph(root, [direction]);
}

const idsOf = ({ nodes }: LineageGraph, ...kinds: LineageKind[]): string[] =>
  nodes
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ id }) => id)
    .sort();

describe("lineage over the stores", () => {
  it("leads from a model up to its dataset, its documents and their crawl, and to no document of another", async () => {
    const graph = await graphOf(`twin-${ada.author.id}`, "up");
    expect(idsOf(graph, "dataset")).toEqual(["generate_dataset.train@1"]);
    expect(idsOf(graph, "document")).toEqual([keyOf(ada, 0), keyOf(ada, 1)].sort());
    expect(idsOf(graph, "invocation")).toEqual([
      "etl-Ada/crawl_links-0001",
      "features-0001/clean_documents-0001",
      "features-0001/load_to_vector_db-0001",
      "features-0001/query_data_warehouse-0001",
      "training-ada/generate_dataset-0001",
      "training-ada/query_feature_store-0001",
      "training-ada/register_model-0001",
      "training-ada/train-0001",
    ]);
    expect(idsOf(graph, "features")).toEqual([featuresKey("cleaned_documents", ada.author.id, 1)]);
  });

  it("leads from a document down to chunk, index, dataset and model", async () => {
    const graph = await graphOf(keyOf(ada, 0), "down");
    const [document] = ada.documents;
    expect(idsOf(graph, "cleaned-document")).toEqual([`cleaned/${keyOf(ada, 0)}`]);
    expect(idsOf(graph, "chunk")).toEqual([`chunk-${document?.id}`]);
    expect(idsOf(graph, "index")).toHaveLength(1);
    expect(idsOf(graph, "dataset")).toEqual(["generate_dataset.train@1"]);
    expect(idsOf(graph, "model")).toEqual([`model/twin-${ada.author.id}@1`]);
    expect(graph.edges).toContainEqual({
      from: "generate_dataset.train@1",
      to: `model/twin-${ada.author.id}@1`,
      relation: "trained",
    });
  });

  it("does not lead from a document that was held out to the model", async () => {
    const graph = await graphOf(keyOf(ada, 2), "down");
    expect(idsOf(graph, "dataset")).toEqual(["generate_dataset.test@1"]);
    expect(idsOf(graph, "model")).toEqual([]);
  });

  it("walks every edge both ways", async () => {
    const text = ({ edges }: LineageGraph): string[] => edges.map((edge) => JSON.stringify(edge));
    const down = await graphOf(keyOf(ada, 0), "down");
    const index = idsOf(down, "index")[0] ?? "";
    const up = [`twin-${ada.author.id}`, index, "query_feature_store.documents@1", "generate_dataset.train@1"];
    const upwards = new Set((await Promise.all(up.map((id) => graphOf(id, "up")))).flatMap(text));
    expect(text(down).filter((edge) => !upwards.has(edge))).toEqual([]);
    expect(text(down).length).toBeGreaterThan(12);
  });

  it("leads from the index to the chunks that it was built of, and to the step that built it", async () => {
    const graph = await graphOf("index", "up");
    expect(graph.root).toMatchObject({ kind: "index", facts: { inUse: true, pointCount: 5, chunksVersion: 1 } });
    expect(idsOf(graph, "chunk")).toHaveLength(5);
    expect(idsOf(graph, "document")).toEqual([...ada.documents, ...bob.documents].map(documentKey).sort());
    expect(idsOf(graph, "invocation")).toContain("features-0001/load_to_vector_db-0001");
  });

  it("leads from a run to what its steps read from outside and to what they made", async () => {
    expect(idsOf(await graphOf("training-ada", "up"), "cleaned-document")).toEqual(ada.cleaned.map(cleanedKey).sort());
    const down = await graphOf("training-ada", "down");
    expect(idsOf(down, "invocation")).toHaveLength(4);
    expect(idsOf(down, "model")).toEqual([`model/twin-${ada.author.id}@1`]);
    expect(idsOf(down, "run")).toEqual(["training-ada"]);
  });
});

describe("lineage as stores go on", () => {
  it("gives a reader the version that was its author's newest, whatever others wrote after", async () => {
    const own = await openStores();
    const [first, second] = [await collect(own, "Ada", 2), await collect(own, "Bob", 2)];
    await engineer(own, "features-ada", [first]);
    await engineer(own, "features-bob", [second]);
    await train(own, "training-ada", first); // reads at version 2, in which Ada's rows are those of version 1
    const up = await graphOf(`twin-${first.author.id}`, "up", own);
    expect(idsOf(up, "features")).toEqual([featuresKey("cleaned_documents", first.author.id, 1)]);
    expect(idsOf(up, "invocation").filter((id) => id.startsWith("features-bob"))).toEqual([]);
    const down = await graphOf(keyOf(second, 0), "down", own);
    expect(idsOf(down, "dataset", "model")).toEqual([]);
    const together = idsOf(await graphOf(keyOf(ada, 0), "down"), "invocation", "features");
    expect(together.filter((id) => id.includes("bob") || id.includes(bob.author.id))).toEqual([]);
  });

  it("leads from a cached step to the one that computed, and further by what that one touched", async () => {
    const own = await openStores();
    const lease = await startRun(own, "r1");
    const { documents } = await collect(own, "Ada", 1);
    const holds = { output: documents.map(documentKey) };
    await ran(lease, "query-1", { outputs: [draft("query", "x")], touched: { holds } });
    const [from] = await own.runs.listInvocations("r1");
    if (from === undefined) throw new RangeError("the journal lost an invocation");
    await (await startRun(own, "r2")).settle(entry("query-1"), { state: "cached", from });
    const up = await graphOf("r2/query-1", "up", own);
    expect(up.edges).toContainEqual({ from: "r1/query-1", to: "r2/query-1", relation: "used again by" });
    const down = await graphOf("r2/query-1", "down", own);
    expect(down.edges).toEqual([{ from: "r2/query-1", to: "query@1", relation: "gave again" }]);
    expect(idsOf(await graphOf("query@1", "up", own), "document")).toEqual(documents.map(documentKey));
  });

  it("ends at what came from outside, and at what a deleted run made", async () => {
    const own = await openStores();
    const outside = await own.runs.artifacts.register({ ...draft("quotes", "q"), source: "https://a.example/q.json" });
    const lease = await startRun(own, "r1");
    const [made] = await ran(lease, "read-1", { inputs: [outside], outputs: [draft("read", "x")] });
    const up = await graphOf("read@1", "up", own);
    expect(up.nodes.map(({ id }) => id)).toEqual(["read@1", "r1/read-1", "quotes@1", "r1"]);
    expect(up.nodes[2]).toMatchObject({ facts: { source: "https://a.example/q.json", producer: null } });
    await lease.finish({ state: "completed", error: null, outputs: { made: made?.id ?? "" } });
    await own.runs.deleteRun("r1");
    const after = await graphOf("read@1", "up", own);
    expect(after.nodes[1]).toEqual({
      id: "r1/read-1",
      kind: "invocation",
      label: "r1/read-1",
      facts: { missing: true },
    });
  });

  it("keeps the steps of a nested pipeline under it", async () => {
    const own = await openStores();
    const lease = await startRun(own, "r1");
    await lease.enter(entry("inner-1", { kind: "pipeline" }));
    const made = await ran(lease, "a-1", { outputs: [draft("a", "x")], entry: { parentId: "inner-1" } });
    await ran(lease, "b-1", { inputs: made, entry: { parentId: "inner-1" } });
    const down = await graphOf("r1/inner-1", "down", own);
    expect(down.edges.map(({ from, relation, to }) => `${from} ${relation} ${to}`)).toEqual([
      "r1/inner-1 called r1/a-1",
      "r1/inner-1 called r1/b-1",
      "r1/a-1 made a@1",
      "a@1 read by r1/b-1",
    ]);
    const up = await graphOf("r1/b-1", "up", own);
    expect(idsOf(up, "invocation", "run")).toEqual(["r1/a-1", "r1/b-1", "r1/inner-1"]);
  });

  it("leads from a model whose dataset is gone to the documents that the registry keeps", async () => {
    const own = await openStores();
    const { documents } = await collect(own, "Ada", 2);
    const lineage = {
      runId: "gone",
      authorId: "a",
      authorFullName: "Ada",
      datasetHash: hashBytes("gone"),
      documents: documents.map(documentKey),
      baseModel: "base",
      baseFingerprint: "f",
    };
    await own.registry.register({ name: "twin", rights: "own", files: {}, metrics: {}, lineage });
    const up = await graphOf("twin", "up", own);
    expect(idsOf(up, "document")).toEqual(documents.map(documentKey).sort());
    expect(up.nodes.find(({ id }) => id === "gone")).toMatchObject({ kind: "run", facts: { missing: true } });
    const [first] = documents;
    expect(idsOf(await graphOf(first ? documentKey(first) : "", "down", own), "model")).toEqual(["model/twin@1"]);
  });
});
