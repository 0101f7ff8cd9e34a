import { describe, expect, it, onTestFinished } from "vitest";
import { migrateDatabase, openSqliteDatabase } from "../database/index.ts";
import { createFeatureStore, featureMigrations } from "./index.ts";
import { chunk } from "./rows-fixture.ts";
import type { FeatureTables } from "./tables.ts";

const clock = { now: () => 0, sleep: async () => undefined };

async function open() {
  const database = openSqliteDatabase({ file: ":memory:" });
  onTestFinished(() => database.destroy());
  await migrateDatabase(database, featureMigrations);
  const tables = database.withTables<FeatureTables>();
  const store = createFeatureStore(database, clock);
  const rows = [chunk("a", 0, "x"), chunk("a", 1, "y"), chunk("b", 0, "z")];
  await store.write("chunks", rows, ["a", "b"]);
  /** Makes the row what another release would have left. */
  const rewrite = async (key: string, content: object): Promise<void> => {
    const update = tables.updateTable("feature_row").set({ content: JSON.stringify(content) });
    await update.where("row_key", "=", key).execute();
  };
  return { store, tables, rows, rewrite };
}

describe("rows of another schema", () => {
  it("are read with what the schema of today gives to members that they lack", async () => {
    const { store, rows, rewrite } = await open();
    const { language: _language, tags: _tags, ...older } = chunk("a", 0, "x");
    await rewrite("a/000000", older);
    expect(await store.read("chunks")).toEqual(rows);
    expect(await store.verify("chunks")).toEqual([]);
  });

  it("are named with what is wrong where the schema of today does not read them, by reads and by verify alike", async () => {
    const { store, rewrite } = await open();
    await rewrite("a/000001", { ...chunk("a", 1, "y"), tokenCount: "many" });
    await expect(store.read("chunks")).rejects.toMatchObject({
      code: "feature-schema",
      message: expect.stringMatching(/a\/000001 .*chunks.*expected number, received string.*tokenCount/s),
    });
    expect(await store.verify("chunks")).toEqual([{ key: "a/000001", problem: expect.stringContaining("tokenCount") }]);
    expect((await store.read("chunks", { documentIds: ["b"] })).map(({ text }) => text)).toEqual(["z"]);
  });

  it("are known by the version that wrote them", async () => {
    const { store, tables } = await open();
    await tables.updateTable("feature_version").set({ schema_version: "before" }).execute();
    await store.write("chunks", [], ["b"]);
    const { schemaVersion, versions, schema } = await store.describe("chunks");
    expect(versions.map((each) => each.schemaVersion)).toEqual(["before", schemaVersion]);
    expect(schema).toMatchObject({ type: "object", properties: { tokenCount: { type: "integer" } } });
  });
});

describe("a read for a question", () => {
  it("gives the rows that a read for training gives, field by field, at every version", async () => {
    const { store } = await open();
    await store.write("chunks", [{ ...chunk("a", 0, "new"), tags: ["é", "\u0000"], publishedAt: "2026-01-01" }], ["a"]);
    for (const version of [1, 2]) {
      const training = await store.read("chunks", { version });
      const ids = training.map(({ id }) => id);
      expect(await store.read("chunks", { ids, version })).toEqual(training);
      for (const row of training) expect(await store.read("chunks", { ids: [row.id], version })).toEqual([row]);
    }
  });
});
