import { expect, it } from "vitest";
import { collect, draft, openStores, ran, startRun } from "../../test/lineage-stores.ts";
import { cleanedKey, documentKey, findDatasets } from "./index.ts";

it("finds the training data that any version of a document is in, by what its step says", async () => {
  const stores = await openStores();
  const { documents } = await collect(stores, "Ada", 3);
  const [first, second, third] = documents as [(typeof documents)[0], (typeof documents)[0], (typeof documents)[0]]; // of three
  const lease = await startRun(stores, "datasets");
  const [train, test] = await ran(lease, "generate", {
    outputs: [draft("train", "a", "train"), draft("test", "b", "test")],
    touched: { datasets: { train: [documentKey(first)], test: [cleanedKey(second)] }, reads: [documentKey(third)] },
  });
  const found = (...ids: string[]): Promise<string[]> => findDatasets(stores.runs, new Set(ids));
  expect(await found(first.id)).toEqual([train?.id]);
  expect(await found(second.id, first.id)).toEqual([test?.id, train?.id]);
  expect(await found(third.id)).toEqual([]);
});
