import fc from "fast-check";
import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { Chunk, FeatureStore } from "../../contracts/features.ts";
import { migrateDatabase } from "../database/index.ts";
import { createFeatureStore, featureMigrations } from "./index.ts";
import { chunk } from "./rows-fixture.ts";
import type { FeatureTables } from "./tables.ts";

const clock = { now: () => 0, sleep: async () => undefined };

describeOnDatabases("what changed in the feature store", (newDatabase, name) => {
  const open = async (): Promise<FeatureStore> => {
    const database = await (await newDatabase())();
    await migrateDatabase(database, featureMigrations);
    return createFeatureStore(database, clock);
  };

  it("brings a copy of any version up to date, over random histories", async () => {
    const writes = fc.array(
      fc.record({
        documents: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 2 }),
        texts: fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
        title: fc.constantFrom("A", "B"),
      }),
      { maxLength: 8 },
    );
    const history = async (history: typeof writes extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
      const store = await open();
      for (const { documents, texts, title } of history) {
        const rows = documents.flatMap((id) => texts.map((text, i) => ({ ...chunk(id, i, text), title })));
        await store.write("chunks", rows, documents);
      }
      const latest = await store.read("chunks");
      for (let since = 0; since <= (await store.version("chunks")); since++) {
        const copy = new Map((await store.read("chunks", { version: since })).map((row) => [row.id, row]));
        const { version, written, removedIds } = await store.changes("chunks", since);
        for (const id of removedIds) copy.delete(id);
        for await (const rows of written) for (const row of rows) copy.set(row.id, row);
        expect([...copy.values()].sort(byPlace)).toEqual(latest);
        expect(version).toBe(await store.version("chunks"));
        const held = new Set(latest.map(({ id }) => id));
        expect(removedIds.filter((id) => held.has(id))).toEqual([]);
      }
    };
    await fc.assert(fc.asyncProperty(writes, history), { numRuns: name === "SQLite" ? 40 : 10, seed: 1 });
  });

  it("tells nothing to a copy that is up to date, and refuses a version that is not there", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 0, "x")], ["a"]);
    const { version, written, removedIds } = await store.changes("chunks", 1);
    expect([version, await Array.fromAsync(written), removedIds]).toEqual([1, [], []]);
    await expect(store.changes("chunks", 2)).rejects.toMatchObject({ code: "feature-version-unknown" });
  });

  it("tells of a row that came and went in between, and keeps to its version while others write", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 0, "x")], ["a"]);
    await store.write("chunks", [chunk("a", 0, "y")], ["a"]);
    await store.write("chunks", [chunk("a", 0, "z")], ["a"]);
    const { written, removedIds } = await store.changes("chunks", 1);
    expect(removedIds).toEqual(["a-0-x", "a-0-y"]);
    await store.write("chunks", [], ["a"]);
    expect((await Array.fromAsync(written)).flat().map(({ text }) => text)).toEqual(["z"]);
  });

  it("hands rows over in batches of at most 500, of the version at which reading began", async () => {
    const store = await open();
    const rows = Array.from({ length: 1_200 }, (_, i) => chunk("a", i, "x"));
    await store.write("chunks", rows, ["a"]);
    const sizes = [];
    for await (const batch of store.readBatches("chunks")) {
      if (sizes.length === 0) await store.write("chunks", [], ["a"]);
      sizes.push(batch.length);
    }
    expect(sizes).toEqual([500, 500, 200]);
    const { written } = await store.changes("chunks", 0);
    expect(await Array.fromAsync(written)).toEqual([]);
    expect(await store.read("chunks")).toEqual([]);
  });

  it("reads rows by id, document and author alike, whatever else is in the group", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 1, "y"), chunk("a", 0, "x"), chunk("b", 0, "z")], ["a", "b"]);
    const ids = async (filter: Parameters<FeatureStore["read"]>[1]): Promise<string[]> =>
      (await store.read("chunks", filter)).map(({ id }) => id);
    expect(await ids({ ids: ["b-0-z", "a-1-y", "missing"] })).toEqual(["a-1-y", "b-0-z"]);
    expect(await ids({ documentIds: ["a"] })).toEqual(["a-0-x", "a-1-y"]);
    expect(await ids({ documentIds: ["a"], ids: ["b-0-z"] })).toEqual([]);
    expect(await ids({ documentIds: ["a"], authorIds: ["bob"] })).toEqual([]);
    expect(await ids({ documentIds: ["a"], version: 0 })).toEqual([]);
  });

  it("finds the ids of rows that were written before ids had a column", async () => {
    const database = await (await newDatabase())();
    await migrateDatabase(database, featureMigrations.slice(0, 1));
    const old = { group_name: "chunks", document_id: "a", author_id: "ada", from_version: 1, to_version: null };
    const rows = Array.from({ length: 700 }, (_, i) => chunk("a", i, "x"));
    const contents = rows.map((row, i) => ({
      ...old,
      row_key: `a/${String(i).padStart(6, "0")}`,
      content: JSON.stringify(row),
    }));
    // Tables as the first migration makes them.
    const insert = database.withTables<{
      feature_row: Omit<FeatureTables["feature_row"], "row_id" | "event_at">;
      feature_version: Pick<FeatureTables["feature_version"], "group_name" | "version" | "written_at">;
    }>();
    await insert.insertInto("feature_row").values(contents).execute();
    const version = { group_name: "chunks", version: 1, written_at: "2026-01-01T00:00:00.000Z" };
    await insert.insertInto("feature_version").values(version).execute();
    await migrateDatabase(database, featureMigrations);
    expect(await createFeatureStore(database, clock).read("chunks", { ids: ["a-699-x"] })).toEqual([rows[699]]);
  });
});

const byPlace = (a: Chunk, b: Chunk): number =>
  a.documentId === b.documentId ? a.index - b.index : a.documentId < b.documentId ? -1 : 1;
