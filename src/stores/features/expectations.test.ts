import { describe, expect, it, onTestFinished } from "vitest";
import type { Chunk, FeatureExpectation, FeatureExpectations, FeatureStore } from "../../contracts/features.ts";
import { migrateDatabase, openSqliteDatabase } from "../database/index.ts";
import { createFeatureStore, featureMigrations } from "./index.ts";
import { chunk, document } from "./rows-fixture.ts";

const clock = { now: () => 0, sleep: async () => undefined };

async function open(expectations: FeatureExpectations = {}): Promise<FeatureStore> {
  const database = openSqliteDatabase({ file: ":memory:" });
  onTestFinished(() => database.destroy());
  await migrateDatabase(database, featureMigrations);
  return createFeatureStore(database, clock, expectations);
}

const rows = (count: number, edit: Partial<Chunk>): Chunk[] =>
  Array.from({ length: count }, (_, i) => ({ ...chunk("a", i, "x"), id: `a-${i}`, ...edit }));

/** What a write of the rows does under one expectation of chunks. */
async function outcome(expectation: FeatureExpectation, written: readonly Chunk[]): Promise<unknown> {
  const store = await open({ chunks: [expectation] });
  await store.write("chunks", written, ["a"]);
  const flags = (await store.describe("chunks")).versions[0]?.flags ?? [];
  return flags.filter((flag) => flag.expectation.field === expectation.field);
}

describe("expectations", () => {
  it("refuse a write whose chunks have no text, with counts and three examples, and nothing is stored", async () => {
    const store = await open();
    const write = store.write("chunks", [...rows(5, { text: " " }), chunk("a", 9, "x")], ["a"]);
    await expect(write).rejects.toMatchObject({
      code: "feature-expectation",
      message: expect.stringContaining("text not empty fails for 5 of 6 rows (a-0, a-1, a-2, …)"),
    });
    expect([await store.version("chunks"), await store.read("chunks")]).toEqual([0, []]);
  });

  it("refuse rows of one id, also where the other row was written before", async () => {
    const store = await open();
    await store.write("chunks", [{ ...chunk("a", 0, "x"), id: "same" }], ["a"]);
    const write = store.write("chunks", [{ ...chunk("b", 0, "x"), id: "same" }], ["b"]);
    await expect(write).rejects.toThrow(/id unique fails for 1 of 1 rows \(same\)/);
    expect(await store.version("chunks")).toBe(1);
  });

  it("flag a document without text, at its version and no other", async () => {
    const store = await open();
    const dated = { ...document("b", "y"), publishedAt: "2026-01-01" };
    await store.write("cleaned_documents", [document("a", "")], ["a"]);
    await store.write("cleaned_documents", [dated], ["b"]);
    const { versions } = await store.describe("cleaned_documents");
    const told = versions.map(({ flags }) =>
      flags.map((flag) => [flag.expectation.field, flag.failedCount, flag.examples]),
    );
    expect(told).toEqual([
      [
        ["text", 1, ["a"]],
        ["publishedAt", 1, []],
      ],
      [],
    ]);
  });

  it("hold a project's own: bounds, known values, and the share of rows without a value", async () => {
    const flag = "flag" as const;
    const bounds = { field: "tokenCount", expect: "between", min: 2, max: 5, onFailure: flag } as const;
    expect(await outcome(bounds, rows(2, { tokenCount: 9 }))).toEqual([
      { expectation: bounds, failedCount: 2, checkedCount: 2, examples: ["a-0", "a-1"] },
    ]);
    expect(await outcome(bounds, rows(2, { tokenCount: 5 }))).toEqual([]);
    const known = { field: "language", expect: "one-of", values: ["en"], onFailure: flag } as const;
    expect(await outcome(known, rows(1, { language: "de" }))).toMatchObject([{ failedCount: 1 }]);
    expect(await outcome(known, rows(1, { language: null }))).toEqual([]);
    const dated = { field: "publishedAt", expect: "nulls-at-most", fraction: 0.5, onFailure: flag } as const;
    expect(await outcome(dated, rows(1, {}))).toMatchObject([{ failedCount: 1, checkedCount: 1 }]);
    const reject = { ...dated, onFailure: "reject" } as const;
    await expect(outcome(reject, rows(3, {}))).rejects.toThrow(
      /publishedAt missing in at most 50 % fails for 3 of 3 rows/,
    );
  });

  it("name a group or a field that there is not", () => {
    const field = { field: "txt", expect: "not-empty", onFailure: "flag" } as const;
    return Promise.all([
      expect(open({ chunks: [field] })).rejects.toThrow(/the field txt of chunks.*expected one of id, .*tokenCount/),
      expect(open(JSON.parse('{"chunk": []}'))).rejects.toThrow(/the group chunk,/),
    ]);
  });
});
