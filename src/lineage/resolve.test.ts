import { beforeAll, describe, expect, it } from "vitest";
import {
  type Collected,
  collect,
  engineer,
  keyOf,
  openStores,
  ran,
  type Stores,
  startRun,
  train,
} from "../../test/lineage-stores.ts";
import { createLineage } from "./create-lineage.ts";
import { featuresKey } from "./ids.ts";

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

describe("finding", () => {
  it("takes every id that there is, and the beginnings and names that are plain", async () => {
    const lineage = createLineage(stores);
    const [dataset] = await stores.runs.artifacts.list({ name: "generate_dataset.train" });
    const hash = dataset?.hash ?? "";
    const [document] = ada.documents;
    const found = async (id: string) => {
      const node = await lineage.find(id);
      return node && `${node.kind} ${node.id}`;
    };
    expect(await found(document?.id ?? "")).toBe(`document ${keyOf(ada, 0)}`);
    expect(await found(`${keyOf(ada, 0)} `)).toBe(`document ${keyOf(ada, 0)}`);
    expect(await found("Ada/0.md")).toBe(`document ${keyOf(ada, 0)}`);
    expect(await found("1.md")).toMatch(/^document /);
    expect(await found(`cleaned/${keyOf(ada, 0)}`)).toBe(`cleaned-document cleaned/${keyOf(ada, 0)}`);
    expect(await found(`chunk-${document?.id}`)).toBe(`chunk chunk-${document?.id}`);
    expect(await found("generate_dataset.train@1")).toBe("dataset generate_dataset.train@1");
    expect(await found("generate_dataset.train")).toBe("dataset generate_dataset.train@2");
    expect(await found(hash)).toBe("dataset generate_dataset.train@2");
    expect(await found(hash.slice(0, 16))).toBe("dataset generate_dataset.train@2");
    expect(await found("training-a")).toBe("run training-ada");
    expect(await found("training-ada/train-0001")).toBe("invocation training-ada/train-0001");
    expect(await found("register_model-0001")).toBeUndefined();
    expect(await found(`twin-${ada.author.id}@1`)).toBe(`model model/twin-${ada.author.id}@1`);
    expect(await found(featuresKey("chunks", bob.author.id, 1))).toBe(`features chunks/${bob.author.id}@1`);
    for (const id of ["", "training-", "nothing", "nothing@1", "generate_dataset.train@9", "index/none"])
      expect(await found(id), id).toBeUndefined();
  });

  it("finds an invocation by its own id in the newest run that has it", async () => {
    const own = await openStores();
    for (const run of ["r1", "r2"]) await ran(await startRun(own, run), "shout-0a1b2c3d4e5f");
    expect(await createLineage(own).find("shout-0a1b2c3d4e5f")).toMatchObject({ id: "r2/shout-0a1b2c3d4e5f" });
  });

  it("names what reads most like an id that is not there, beginnings first", async () => {
    const lineage = createLineage(stores);
    expect((await lineage.nearest("generate_dataset.trian@1"))[0]).toBe("generate_dataset.train@1");
    expect((await lineage.nearest("training-")).slice(0, 2).sort()).toEqual(["training-ada", "training-bob"]);
    expect(await createLineage(await openStores()).nearest("x")).toEqual([]);
  });
});
