/** One of several processes that write to the same stores: a document, features and a model a round, until it is done or killed. */

import type { Provenance } from "../../src/contracts/documents.ts";
import { systemClock } from "../../src/core/clock.ts";
import { openPostgresDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore } from "../../src/stores/features/index.ts";
import { createModelRegistry } from "../../src/stores/registry/index.ts";
import { createWarehouse } from "../../src/stores/warehouse/index.ts";

const [place = "", name = "", rounds = "0"] = process.argv.slice(2);
const database = place.startsWith("postgres:")
  ? await openPostgresDatabase({ url: place })
  : openSqliteDatabase({ file: place });
const clock = systemClock();
const [warehouse, features, registry] = [
  createWarehouse(database, clock),
  createFeatureStore(database, clock),
  createModelRegistry(database, clock),
];
const origin: Omit<Provenance, "authorId" | "authorFullName"> = {
  kind: "note",
  platform: "folder",
  source: "a.md",
  title: "A",
  publishedAt: null,
  language: null,
  tags: [],
};
const ada = await warehouse.saveAuthor("Ada");
for (let round = 0; round < Number(rounds); round++) {
  const content = `${name} ${round}`;
  await warehouse.saveDocument(ada, { ...origin, format: "text", content });
  const document = { ...origin, authorId: ada.id, authorFullName: "Ada", id: content, version: 1, sourceLines: null };
  await features.write("cleaned_documents", [{ ...document, text: content, duplicateOf: null }], [content]);
  const lineage = { runId: "", authorId: ada.id, authorFullName: "Ada", datasetHash: content, documents: [] };
  await registry.register({
    name: "twin-ada",
    rights: "own",
    files: {},
    metrics: {},
    lineage: { ...lineage, baseModel: "", baseFingerprint: "" },
  });
  process.stdout.write(`${content}\n`);
}
await database.destroy();
