import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { Chunk, FeatureStore } from "../../contracts/features.ts";
import { createRandom } from "../../core/random.ts";
import { migrateDatabase } from "../database/index.ts";
import { createFeatureStore, featureMigrations } from "./index.ts";
import { chunk, document } from "./rows-fixture.ts";

const clock = { now: () => 0, sleep: async () => undefined };

describeOnDatabases("the feature store", (newDatabase) => {
  const openMany = async (count: number): Promise<[FeatureStore, ...FeatureStore[]]> => {
    const openDatabase = await newDatabase();
    const database = await openDatabase();
    await migrateDatabase(database, featureMigrations);
    const others = await Promise.all(Array.from({ length: count - 1 }, openDatabase));
    return [createFeatureStore(database, clock), ...others.map((other) => createFeatureStore(other, clock))];
  };
  const open = async (): Promise<FeatureStore> => (await openMany(1))[0];

  it("gives every version the same rows for ever, over random histories", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = createRandom(seed);
      const store = await open();
      const model = new Map<string, Chunk>();
      const history: Chunk[][] = [[]];
      for (let write = 0; write < 30; write++) {
        const ids = random.shuffle(["a", "b", "c", "d"]).slice(0, random.integer(4));
        const rows = ids.flatMap((id) =>
          Array.from({ length: random.integer(4) }, (_, i) => chunk(id, i, `text ${random.integer(2)}`)),
        );
        const before = [...model.values()];
        for (const [key, row] of model) if (ids.includes(row.documentId)) model.delete(key);
        for (const row of rows) model.set(`${row.documentId}/${row.index}`, row);
        const after = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
        const version = await store.write("chunks", random.shuffle(rows), ids);
        const changed = JSON.stringify(after) !== JSON.stringify(sorted(before));
        if (changed) history.push(after);
        expect(version).toBe(history.length - 1);
      }
      for (const [version, rows] of history.entries()) expect(await store.read("chunks", { version })).toEqual(rows);
      expect(await store.read("chunks")).toEqual(history.at(-1));
    }
  });

  it("makes no version, and keeps its fingerprint, when a write changes nothing", async () => {
    const store = await open();
    const rows = [document("a", "x")];
    expect([await store.version("cleaned_documents"), await store.write("cleaned_documents", [], ["a"])]).toEqual([
      0, 0,
    ]);
    expect(await store.write("cleaned_documents", rows, ["a"])).toBe(1);
    const fingerprint = await store.fingerprint();
    expect(await store.write("cleaned_documents", rows, ["a"])).toBe(1);
    expect(await store.fingerprint()).toBe(fingerprint);
    await store.write("chunks", [chunk("a", 0, "x")], ["a"]);
    expect(await store.fingerprint()).not.toBe(fingerprint);
  });

  it("replaces the rows of the documents named in the write, and no others", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 0, "x"), chunk("a", 1, "y"), chunk("b", 0, "z")], ["a", "b"]);
    await store.write("chunks", [chunk("a", 0, "new")], ["a"]);
    const texts = (await store.read("chunks")).map(({ text }) => text);
    expect(texts).toEqual(["new", "z"]);
  });

  it("reads the rows of the authors asked for", async () => {
    const store = await open();
    await store.write("cleaned_documents", [document("a", "x"), document("b", "y", "bob")], ["a", "b"]);
    expect((await store.read("cleaned_documents", { authorIds: ["bob"] })).map(({ id }) => id)).toEqual(["b"]);
    expect(await store.read("cleaned_documents", { authorIds: [] })).toEqual([]);
  });

  it("names the version that is not there, and the ones that are", async () => {
    const store = await open();
    await store.write("cleaned_documents", [document("a", "x")], ["a"]);
    await expect(store.read("cleaned_documents", { version: 7 })).rejects.toMatchObject({
      code: "feature-version-unknown",
      message: expect.stringContaining("from 0 to 1"),
    });
    expect(await store.read("cleaned_documents", { version: 0 })).toEqual([]);
  });

  it("refuses rows with equal keys and rows of documents that the write does not replace", async () => {
    const store = await open();
    const twice = [chunk("a", 0, "x"), chunk("a", 0, "y")];
    await expect(store.write("chunks", twice, ["a"])).rejects.toThrow(/a\/000000.*same key/);
    await expect(store.write("chunks", [chunk("b", 0, "x")], ["a"])).rejects.toThrow(/document b is not named/);
    expect(await store.version("chunks")).toBe(0);
  });

  it("numbers versions without a gap, and loses no row, when many write at the same moment", async () => {
    const stores = await openMany(4);
    const versions = await Promise.all(
      stores.flatMap((store, i) =>
        Array.from({ length: 5 }, (_, j) => store.write("chunks", [chunk(`d${i}${j}`, 0, "x")], [`d${i}${j}`])),
      ),
    );
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    for (const version of versions) expect(await stores[0].read("chunks", { version })).toHaveLength(version);
  });

  it("writes and closes thousands of rows, of more documents than one statement can name", async () => {
    const store = await open();
    const rows = Array.from({ length: 5_000 }, (_, i) => chunk("a", i, "x"));
    const documentIds = ["a", ...Array.from({ length: 70_000 }, (_, i) => `without rows ${i}`)];
    await store.write("chunks", rows, documentIds);
    expect(await store.write("chunks", rows.slice(0, 1), documentIds)).toBe(2);
    expect([(await store.read("chunks")).length, (await store.read("chunks", { version: 1 })).length]).toEqual([
      1, 5_000,
    ]);
  });

  it("tells every row that a document, an author or an id ever had, and in which versions", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 0, "x"), chunk("a", 1, "y"), chunk("b", 0, "x")], ["a", "b"]);
    await store.write("chunks", [chunk("a", 0, "z")], ["a"]);
    const told = async (filter: Parameters<FeatureStore["history"]>[1]) =>
      (await store.history("chunks", filter)).map(({ row, ...span }) => [row.id, span.fromVersion, span.toVersion]);
    const ofA = [
      ["a-0-x", 1, 2],
      ["a-0-z", 2, null],
      ["a-1-y", 1, 2],
    ];
    expect(await told({ documentIds: ["a"] })).toEqual(ofA);
    expect(await told({ authorIds: ["ada"] })).toEqual([...ofA, ["b-0-x", 1, null]]);
    expect(await told({ ids: ["b-0-x", "a-1-y"] })).toEqual([ofA[2], ["b-0-x", 1, null]]);
    expect(await told({ ids: ["b-0-x"], documentIds: ["a"] })).toEqual([]);
    expect(await told({ ids: ["-0-x", "a_0_x", "A-0-X"] })).toEqual([]);
    expect(await told({ ids: [] })).toEqual([]);
    await store.write("cleaned_documents", [document("a", "t"), document("b", "t", "bob")], ["a", "b"]);
    expect((await store.history("cleaned_documents", { authorIds: ["bob"] })).map(({ row }) => row.id)).toEqual(["b"]);
  });
});

const sorted = (rows: readonly Chunk[]): Chunk[] =>
  [...rows].sort((a, b) => (`${a.documentId}/${a.index}` < `${b.documentId}/${b.index}` ? -1 : 1));
