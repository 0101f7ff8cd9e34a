import fc from "fast-check";
import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { Chunk, FeatureStore } from "../../contracts/features.ts";
import { migrateDatabase } from "../database/index.ts";
import { createFeatureStore, featureMigrations } from "./index.ts";
import { chunk } from "./rows-fixture.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);

const documents = fc.constantFrom("a", "b", "c");
const rowsOf = fc.array(
  fc.record({ document: documents, index: fc.nat(2), text: fc.constantFrom("x", "longer", " ") }),
  { maxLength: 4 },
);
/** What may happen to a store. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), of: fc.uniqueArray(documents, { maxLength: 2 }), rows: rowsOf }),
  fc.record({
    kind: fc.constant("commit" as const),
    rows: rowsOf,
    deleteIds: fc.array(fc.constantFrom("a-0-x", "b-1-x")),
  }),
  fc.record({ kind: fc.constant("forget" as const), of: documents }),
  fc.record({ kind: fc.constant("clock" as const), byMs: fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }) }),
  fc.record({ kind: fc.constant("read" as const), agoMs: fc.nat(3 * DAY_MS) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const keyOf = (row: Chunk): string => `${row.documentId}/${row.index}`;
const inOrder = (rows: Iterable<Chunk>): Chunk[] => [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** The store as a list of maps: what it should be, without a database. */
function createModel() {
  const versions: Map<string, Chunk>[] = [new Map()];
  const current = (): Map<string, Chunk> => new Map(versions.at(-1));
  const next = (rows: Map<string, Chunk>): void => {
    if (JSON.stringify(inOrder(rows.values())) !== JSON.stringify(inOrder(current().values()))) versions.push(rows);
  };
  return {
    versions,
    write(rows: readonly Chunk[], of: readonly string[]) {
      const kept = [...current()].filter(([, row]) => !of.includes(row.documentId));
      next(new Map([...kept, ...rows.map((row) => [keyOf(row), row] as const)]));
    },
    commit(rows: readonly Chunk[], deleteIds: readonly string[]) {
      const kept = [...current()].filter(([, row]) => !deleteIds.includes(row.id));
      next(new Map([...kept, ...rows.map((row) => [keyOf(row), row] as const)]));
    },
    forget(document: string) {
      if (!versions.some((rows) => [...rows.values()].some((row) => row.documentId === document))) return;
      versions.push(current());
      for (const rows of versions) for (const [key, row] of rows) if (row.documentId === document) rows.delete(key);
    },
  };
}

describeOnDatabases("the history of the feature store", (newDatabase, name) => {
  let nowMs = START_MS;
  const open = async (): Promise<FeatureStore> => {
    nowMs = START_MS;
    const database = await (await newDatabase())();
    await migrateDatabase(database, featureMigrations);
    const clock = { now: () => nowMs, sleep: async () => undefined };
    return createFeatureStore(database, clock, { chunks: [{ field: "text", expect: "not-empty", onFailure: "flag" }] });
  };

  it("gives a version and a time the same rows for ever, whatever happens, but for what was forgotten", async () => {
    const history = async (happenings: readonly Happening[]): Promise<void> => {
      const store = await open();
      const model = createModel();
      const readings = new Map<string, number>();
      for (const each of happenings) await happen(store, model, each, readings);
      for (const [version, rows] of model.versions.entries()) {
        expect(await store.read("chunks", { version })).toEqual(inOrder(rows.values()));
      }
      nowMs = START_MS + 1_000 * DAY_MS;
      for (const [asOf, version] of readings)
        expect([asOf, await store.version("chunks", asOf)]).toEqual([asOf, version]);
      await checkVersions(store, model);
    };
    const numRuns = name === "SQLite" ? 40 : 4;
    await fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 15 }), history), { numRuns, seed: 1 });
  });

  async function happen(
    store: FeatureStore,
    model: ReturnType<typeof createModel>,
    each: Happening,
    readings: Map<string, number>,
  ): Promise<void> {
    if (each.kind === "clock") nowMs += each.byMs;
    else if (each.kind === "forget") {
      await store.forget([each.of]);
      model.forget(each.of);
    } else if (each.kind === "read") {
      const asOf = new Date(nowMs - each.agoMs).toISOString();
      const version = await store.version("chunks", asOf);
      expect(version).toBe(readings.get(asOf) ?? version);
      expect(await store.read("chunks", { asOf })).toEqual(inOrder(model.versions[version]?.values() ?? []));
      readings.set(asOf, version);
    } else {
      const rows = [...new Map(each.rows.map((row) => [`${row.document}/${row.index}`, row])).values()]
        .filter(({ document }) => each.kind === "commit" || each.of.includes(document))
        .map(({ document, index, text }) => chunk(document, index, text));
      if (each.kind === "write") {
        await store.write("chunks", rows, each.of);
        model.write(rows, each.of);
      } else {
        await store.commit("chunks", { upsert: rows, deleteIds: each.deleteIds });
        model.commit(rows, each.deleteIds);
      }
    }
  }

  /** Times never go back, and statistics are those of the rows, however they came about. */
  async function checkVersions(store: FeatureStore, model: ReturnType<typeof createModel>): Promise<void> {
    const { versions } = await store.describe("chunks");
    expect(versions.map(({ version }) => version)).toEqual(model.versions.slice(1).map((_, i) => i + 1));
    const times = versions.map(({ writtenAt }) => writtenAt);
    expect(times).toEqual(times.toSorted());
    for (const [version, held] of model.versions.entries()) {
      const { statistics, freshness } = await store.describe("chunks", version);
      const rows = [...held.values()];
      expect(statistics.rowCount).toBe(rows.length);
      expect(freshness.map(({ rowCount }) => rowCount)).toEqual(rows.length > 0 ? [rows.length] : []);
      const lengths = rows.map(({ text }) => text.length).sort((a, b) => a - b);
      const sum = lengths.reduce((all, length) => all + length, 0);
      const told = statistics.fields["text"]?.numbers;
      expect([told?.min, told?.max, told?.mean]).toEqual(
        rows.length > 0 ? [lengths[0], lengths.at(-1), sum / rows.length] : [undefined, undefined, undefined],
      );
      const platforms = statistics.fields["platform"]?.categories;
      expect(platforms).toEqual(rows.length > 0 ? [{ value: "folder", count: rows.length }] : []);
      expect(statistics.fields["publishedAt"]?.nullCount).toBe(rows.length);
    }
  }

  it("refuses a time that has not come or is none", async () => {
    const store = await open();
    await expect(store.read("chunks", { asOf: "2026-01-02" })).rejects.toThrow(/has not come yet/);
    await expect(store.version("chunks", "soon")).rejects.toMatchObject({ code: "feature-time", usage: true });
  });

  it("dates a version after a time that was read before it, also when the clock stands still or goes back", async () => {
    const store = await open();
    const asOf = new Date(nowMs).toISOString();
    expect(await store.read("chunks", { asOf })).toEqual([]);
    await store.write("chunks", [chunk("a", 0, "x")], ["a"]);
    nowMs -= DAY_MS;
    await store.write("chunks", [chunk("a", 0, "y")], ["a"]);
    const { versions } = await store.describe("chunks");
    expect(versions.map(({ writtenAt }) => writtenAt)).toEqual([
      "2026-01-01T00:00:00.001Z",
      "2026-01-01T00:00:00.001Z",
    ]);
    nowMs += 2 * DAY_MS;
    expect(await store.read("chunks", { asOf })).toEqual([]);
  });

  it("adds, replaces and takes away rows in one version", async () => {
    const store = await open();
    await store.commit("chunks", { upsert: [chunk("a", 0, "x"), chunk("a", 1, "y"), chunk("b", 0, "z")] });
    expect(await store.commit("chunks", { upsert: [chunk("a", 0, "new")], deleteIds: ["b-0-z", "not there"] })).toBe(2);
    expect((await store.read("chunks")).map(({ text }) => text)).toEqual(["new", "y"]);
    expect(await store.commit("chunks", {})).toBe(2);
  });

  it("forgets a document's rows in every version, says so at each, and tells copies of it", async () => {
    const store = await open();
    await store.write("chunks", [chunk("a", 0, "x"), chunk("b", 0, "y")], ["a", "b"]);
    await store.write("chunks", [chunk("a", 0, "z")], ["a"]);
    const forgotten = await store.forget(["a", "not there"]);
    expect(forgotten).toEqual([{ group: "chunks", version: 3, rowCount: 2, rowIds: ["a-0-x", "a-0-z"] }]);
    for (const version of [1, 2, 3]) {
      expect((await store.read("chunks", { version })).map(({ text }) => text)).toEqual(["y"]);
    }
    expect(await store.history("chunks", { documentIds: ["a"] })).toEqual([]);
    const { versions } = await store.describe("chunks");
    expect(versions.map(({ forgottenCount }) => forgottenCount)).toEqual([1, 1, 0]);
    expect((await store.changes("chunks", 2)).removedIds).toEqual(["a-0-x", "a-0-z"]);
    expect((await store.changes("chunks", 3)).removedIds).toEqual([]);
    expect(await store.forget(["a"])).toEqual([]);
  });

  it("counts statistics of versions that were written before they were kept", async () => {
    const openDatabase = await newDatabase();
    const database = await openDatabase();
    await migrateDatabase(database, featureMigrations);
    const store = createFeatureStore(database, { now: () => START_MS, sleep: async () => undefined });
    await store.write("chunks", [chunk("a", 0, "x"), chunk("a", 1, "y")], ["a"]);
    await database
      .withTables<{ feature_version: { tally: null } }>()
      .updateTable("feature_version")
      .set({ tally: null })
      .execute();
    const { statistics } = await store.describe("chunks");
    expect(statistics.rowCount).toBe(2);
    await store.write("chunks", [chunk("b", 0, "z")], ["b"]);
    expect((await store.describe("chunks")).statistics.rowCount).toBe(3);
  });
});
