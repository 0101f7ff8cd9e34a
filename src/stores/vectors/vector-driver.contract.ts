/** What every vector driver must do. Skip a case only by name and with a reason. */

import { describe, expect, it } from "vitest";
import type { RankedRow, RankOptions, ReadRow, RowFilter, VectorDriver, VectorRow } from "./driver.ts";

type Law = (driver: VectorDriver) => Promise<void>;

/** States the law for the drivers that `open` makes; each case gets a fresh one and closes it. */
export function describeVectorDriver(
  name: string,
  open: () => Promise<VectorDriver>,
  skip: Readonly<Record<string, string>> = {},
): void {
  describe(`vector driver ${name}`, () => {
    for (const [title, check] of Object.entries({ ...rankingLaws, ...filterLaws, ...changeLaws, ...tableLaws })) {
      const reason = skip[title];
      it(reason === undefined ? title : `${title} (skipped: ${reason})`, { skip: reason !== undefined }, async () => {
        const driver = await open();
        try {
          await check(driver);
        } finally {
          await driver.close();
        }
      });
    }
  });
}

/** A ranking's rows as a search reads them: ranked, then read, in the ranking's order. */
export type FoundRow = RankedRow & ReadRow;
type FindOptions = RankOptions & { readonly withVectors?: boolean };

export const findByVector = async (
  driver: VectorDriver,
  vector: Float32Array,
  options: FindOptions,
): Promise<FoundRow[]> => readRanked(driver, await driver.rank("t", { vector }, options), options);

export const findByTerms = async (
  driver: VectorDriver,
  terms: readonly string[],
  options: FindOptions,
): Promise<FoundRow[]> => readRanked(driver, await driver.rank("t", { terms }, options), options);

async function readRanked(
  driver: VectorDriver,
  ranked: readonly RankedRow[],
  { withVectors = false }: FindOptions,
): Promise<FoundRow[]> {
  const rows = await driver.readRows("t", { keys: ranked.map(({ key }) => key), withVectors });
  expect(rows.length).toBe(ranked.length);
  const byKey = new Map(rows.map((each) => [each.key, each]));
  return ranked.flatMap((each) => {
    const found = byKey.get(each.key);
    return found ? [{ ...found, ...each }] : [];
  });
}

const row = (id: string, changes: Partial<VectorRow> = {}): VectorRow => ({
  id,
  payload: `payload of ${id}`,
  terms: ["word"],
  vector: Float32Array.of(1, 0),
  authorId: "a",
  kind: "note",
  platform: "folder",
  language: null,
  tags: [],
  publishedAtMs: null,
  ...changes,
});

/** The rows in batches of two, so that every table is filled in several. */
async function* batches(rows: readonly VectorRow[]): AsyncGenerator<readonly VectorRow[]> {
  for (let start = 0; start < rows.length; start += 2) yield rows.slice(start, start + 2);
}

const create = (driver: VectorDriver, rows: readonly VectorRow[]): Promise<void> =>
  driver.createTable("t", batches(rows));

/** `count` rows that all beat what a test looks for: a filter that is applied after ranking finds nothing. */
const crowd = (count: number): VectorRow[] =>
  Array.from({ length: count }, (_, index) => row(`crowd${index}`, { terms: ["rare", "rare", "rare"] }));

const everything = { limit: 10, filter: {} };

const rankingLaws: Record<string, Law> = {
  async "ranks by inner product, with the product as the score and the payload as it was given"(driver) {
    const rows = [
      row("far", { vector: Float32Array.of(-1, 0) }),
      row("near", { vector: Float32Array.of(0.6, 0.8), payload: '{"text":"it\'s “here”"}' }),
      row("nearest", { vector: Float32Array.of(1, 0) }),
      row("unknown", { vector: Float32Array.of(0, 0) }),
    ];
    await create(driver, rows);
    const found = await findByVector(driver, Float32Array.of(1, 0), everything);
    expect(found.map(({ id }) => id)).toEqual(["nearest", "near", "unknown", "far"]);
    for (const [index, product] of [1, 0.6, 0, -1].entries()) expect(found[index]?.score).toBeCloseTo(product, 6);
    expect(found[1]?.payload).toBe('{"text":"it\'s “here”"}');
  },
  async "scores terms by BM25 with k1 1.2 and b 0.75, and finds only rows that hold one"(driver) {
    const rows = [
      row("twice", { terms: ["fox", "fox", "den"] }),
      row("once", { terms: ["fox", "hen", "hut"] }),
      row("none", { terms: ["hen", "hut", "egg"] }),
    ];
    await create(driver, rows);
    const found = await findByTerms(driver, ["fox"], everything);
    // idf = ln(1 + (3 - 2 + 0.5) / (2 + 0.5)) = 0.4700; all lengths are the mean, so the norm is 1.2.
    expect(found.map(({ id, score }) => [id, Number(score.toFixed(3))])).toEqual([
      ["twice", 0.646],
      ["once", 0.47],
    ]);
  },
  async "compares terms as they are: case, punctuation and endings count"(driver) {
    await create(driver, [row("x", { terms: ["Runs", "snake_case", "c++", "naïve", "don’t"] }), row("y")]);
    const finds = async (term: string): Promise<number> => (await findByTerms(driver, [term], everything)).length;
    expect(await Promise.all(["Runs", "snake_case", "c++", "naïve", "don’t"].map(finds))).toEqual([1, 1, 1, 1, 1]);
    expect(await Promise.all(["runs", "run", "snake", "c", "naive", "the"].map(finds))).toEqual([0, 0, 0, 0, 0, 0]);
  },
  async "counts a term that is asked for twice twice"(driver) {
    await create(driver, [row("x", { terms: ["fox"] }), row("y", { terms: ["hen"] }), row("z")]);
    const [once] = await findByTerms(driver, ["fox"], everything);
    const [twice] = await findByTerms(driver, ["fox", "fox"], everything);
    expect((twice?.score ?? 0) / (once?.score ?? 1)).toBeCloseTo(2, 3);
  },
  async "counts the rows that hold a whole term"(driver) {
    const rows = [["fox", "foxes"], ["fox", "fox"], ["foxes"], ["o'fox", "100%"]];
    await create(
      driver,
      rows.map((terms, index) => row(`r${index}`, { terms })),
    );
    const counts = ["fox", "foxes", "o'fox", "100%", "o", "%"].map((term) => driver.countRows("t", term));
    expect(await Promise.all(counts)).toEqual([2, 2, 1, 1, 0, 0]);
  },
  async "gives terms as they were, and vectors where they are asked for, from both legs"(driver) {
    const terms = ["don’t", "c++", "c++", "a.b"];
    await create(driver, [row("x", { terms, vector: Float32Array.of(0.6, 0.8) })]);
    for (const withVectors of [false, true]) {
      const options = { ...everything, withVectors };
      const found = [
        ...(await findByVector(driver, Float32Array.of(1, 0), options)),
        ...(await findByTerms(driver, ["c++"], options)),
      ];
      expect(found.map((each) => each.terms)).toEqual([terms, terms]);
      const vectors = found.map(({ vector }) => vector && [...vector].map((value) => Number(value.toFixed(5))));
      expect(vectors).toEqual(
        withVectors
          ? [
              [0.6, 0.8],
              [0.6, 0.8],
            ]
          : [undefined, undefined],
      );
    }
  },
  async "gives the best rows when there are more than the limit"(driver) {
    const rows = Array.from({ length: 50 }, (_, index) =>
      row(`r${index}`, { vector: Float32Array.of(Math.cos(index / 50), Math.sin(index / 50)) }),
    );
    await create(driver, rows);
    const found = await findByVector(driver, Float32Array.of(1, 0), { limit: 3, filter: {} });
    expect(found.map(({ id }) => id)).toEqual(["r0", "r1", "r2"]);
  },
};

const filterLaws: Record<string, Law> = {
  async "applies a filter before ranking, in both legs"(driver) {
    const target = row("target", { authorId: "b", terms: ["rare", "word"], vector: Float32Array.of(0.6, 0.8) });
    await create(driver, [...crowd(300), target]);
    const options = { limit: 3, filter: { authorIds: ["b"] } };
    const byTerms = await findByTerms(driver, ["rare"], options);
    const byVector = await findByVector(driver, Float32Array.of(1, 0), options);
    expect([byTerms, byVector].map((rows) => rows.map(({ id }) => id))).toEqual([["target"], ["target"]]);
  },
  async "filters by author, kind, platform and date, and by all of them together"(driver) {
    const march = Date.UTC(2024, 2, 1);
    await create(driver, [
      row("match", { authorId: "b", kind: "post", platform: "medium.com", publishedAtMs: march }),
      row("author", { kind: "post", platform: "medium.com", publishedAtMs: march }),
      row("undated", { authorId: "b", kind: "post", platform: "medium.com" }),
      row("early", { authorId: "b", publishedAtMs: march - 1 }),
    ]);
    const idsOf = async (filter: RowFilter): Promise<string[]> =>
      (await findByTerms(driver, ["word"], { limit: 10, filter })).map(({ id }) => id).sort();
    expect(await idsOf({ authorIds: ["b"] })).toEqual(["early", "match", "undated"]);
    expect(await idsOf({ authorIds: ["b", "a"], kinds: ["post"] })).toEqual(["author", "match", "undated"]);
    expect(await idsOf({ platforms: ["folder"] })).toEqual(["early"]);
    expect(await idsOf({ publishedFromMs: march })).toEqual(["author", "match"]);
    expect(await idsOf({ publishedToMs: march - 1 })).toEqual(["early"]);
    expect(await idsOf({ authorIds: ["b"], kinds: ["post"], publishedFromMs: march, publishedToMs: march })).toEqual([
      "match",
    ]);
  },
  async "filters by language and by any of several tags"(driver) {
    await create(driver, [
      row("english", { language: "en", tags: ["rag", "search"] }),
      row("french", { language: "fr", tags: ["search"] }),
      row("unknown", { tags: ["it's", "a,b"] }),
    ]);
    const idsOf = async (filter: RowFilter): Promise<string[]> =>
      (await findByVector(driver, Float32Array.of(1, 0), { limit: 10, filter })).map(({ id }) => id).sort();
    expect(await idsOf({ languages: ["en", "de"] })).toEqual(["english"]);
    expect(await idsOf({ tags: ["search"] })).toEqual(["english", "french"]);
    expect(await idsOf({ tags: ["rag", "it's"] })).toEqual(["english", "unknown"]);
    expect(await idsOf({ tags: ["a"] })).toEqual([]);
    expect(await idsOf({ tags: ["search"], languages: ["fr"] })).toEqual(["french"]);
  },
  async "takes quotes and SQL in filter values as plain text"(driver) {
    const names = ["O'Brien", "' or '1'='1", 'say "hi"', "back\\slash", "per%cent_", "'; drop table t; --"];
    await create(driver, [...names.map((authorId, index) => row(`r${index}`, { authorId })), row("other")]);
    const found = await Promise.all(
      names.map((authorId) => findByTerms(driver, ["word"], { limit: 10, filter: { authorIds: [authorId] } })),
    );
    expect(found.map((rows) => rows.map(({ id }) => id))).toEqual(names.map((_, index) => [`r${index}`]));
  },
};

const changeLaws: Record<string, Law> = {
  async "replaces, adds and removes rows, in words, vectors and counts alike"(driver) {
    await create(driver, [row("stays", { terms: ["fox"] }), row("changes"), row("goes")]);
    const changed = row("changes", { terms: ["fox", "fox"], vector: Float32Array.of(0, 1), payload: "new" });
    const rows = [changed, row("comes", { terms: ["hen"], vector: Float32Array.of(0.6, 0.8) })];
    await driver.updateTable("t", { rows: batches(rows), removedIds: ["goes", "was never there"] });
    expect(await allIds(driver)).toEqual(["changes", "comes", "stays"]);
    expect(await Promise.all([undefined, "fox", "word"].map((term) => driver.countRows("t", term)))).toEqual([3, 2, 0]);
    const byTerms = await findByTerms(driver, ["fox"], everything);
    expect(byTerms.map(({ id, payload }) => [id, payload])).toEqual([
      ["changes", "new"],
      ["stays", "payload of stays"],
    ]);
    const byVector = await findByVector(driver, Float32Array.of(0, 1), everything);
    expect(byVector.map(({ id }) => id)).toEqual(["changes", "comes", "stays"]);
  },
  async "gives the same when a change is made again, or was cut off and is made again"(driver) {
    await create(driver, [row("a"), row("b")]);
    const change = [row("b", { terms: ["fox"] }), row("c"), row("d")];
    async function* cutOff(): AsyncGenerator<readonly VectorRow[]> {
      yield change.slice(0, 2);
      throw new RangeError("killed");
    }
    await expect(driver.updateTable("t", { rows: cutOff(), removedIds: ["a"] })).rejects.toThrow("killed");
    for (let times = 0; times < 2; times++) {
      await driver.updateTable("t", { rows: batches(change), removedIds: ["a"] });
      expect([await allIds(driver), await driver.countRows("t"), await driver.countRows("t", "fox")]).toEqual([
        ["b", "c", "d"],
        3,
        1,
      ]);
    }
  },
  async "can lose its last row and gain one again"(driver) {
    await create(driver, [row("a")]);
    await driver.updateTable("t", { rows: batches([]), removedIds: ["a"] });
    expect(await driver.countRows("t")).toBe(0);
    expect(await findByTerms(driver, ["word"], everything)).toEqual([]);
    expect(await findByVector(driver, Float32Array.of(1, 0), everything)).toEqual([]);
    await driver.updateTable("t", { rows: batches([row("b")]), removedIds: [] });
    expect((await findByTerms(driver, ["word"], everything)).map(({ id }) => id)).toEqual(["b"]);
  },
  async "reads no row in another's place when the table was written after the ranking"(driver) {
    await create(
      driver,
      Array.from({ length: 40 }, (_, i) => row(`r${i}`, { terms: [`t${i}`] })),
    );
    const ranked = await driver.rank("t", { vector: Float32Array.of(1, 0) }, { limit: 40, filter: {} });
    const [last] = await driver.rank("t", { terms: ["t39"] }, everything);
    const removedIds = Array.from({ length: 30 }, (_, i) => `r${i}`);
    await driver.updateTable("t", { rows: batches([row("r38", { payload: "new" })]), removedIds });
    const rows = await driver.readRows("t", { keys: ranked.map(({ key }) => key) });
    expect(rows.map(({ id }) => id).filter((id) => removedIds.includes(id))).toEqual([]);
    const [r39] = await driver.readRows("t", { keys: [last?.key ?? ""] });
    expect(r39 === undefined || r39.id === "r39").toBe(true);
  },
  async "weighs terms by the rows that there are after a change"(driver) {
    const rows = Array.from({ length: 40 }, (_, i) =>
      row(`r${i}`, { terms: i < 30 ? ["fox", "den"] : ["hen", "den"] }),
    );
    await create(driver, rows);
    const changed = rows.slice(0, 28).map((each) => ({ ...each, terms: ["egg", "den"] }));
    await driver.updateTable("t", { rows: batches(changed), removedIds: [] });
    const [best] = await findByTerms(driver, ["fox"], everything);
    // idf = ln(1 + (40 - 2 + 0.5) / (2 + 0.5)) = 2.797; before the change it would be 0.296.
    expect(Math.abs((best?.score ?? 0) / 2.797 - 1)).toBeLessThan(0.05);
  },
};

const allIds = async (driver: VectorDriver): Promise<string[]> => {
  const ids: string[] = [];
  for await (const batch of driver.listIds("t")) ids.push(...batch);
  return ids.sort();
};

const tableLaws: Record<string, Law> = {
  async "keeps tables apart, and still reads one after another has been dropped"(driver) {
    await driver.createTable("one", batches([row("first")]));
    await driver.createTable("two", batches([row("second")]));
    expect((await driver.listTables()).sort()).toEqual(["one", "two"]);
    await driver.rank("two", { terms: ["word"] }, everything);
    await driver.dropTable("two");
    expect(await driver.listTables()).toEqual(["one"]);
    expect((await driver.rank("one", { terms: ["word"] }, everything)).length).toBe(1);
  },
  async "fails with its own error when the table is not there"(driver) {
    await expect(driver.rank("absent", { terms: ["word"] }, everything)).rejects.toMatchObject({
      code: "vector-engine",
    });
  },
  async "has no pointer at first, and then the one that was written last"(driver) {
    expect(await driver.readPointer()).toBeUndefined();
    await create(driver, [row("x")]);
    await driver.writePointer("first");
    await driver.writePointer("second — ü");
    expect(await driver.readPointer()).toBe("second — ü");
  },
};
