import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../core/clock.ts";
import { createRandom } from "../../../core/random.ts";
import type { VectorRow } from "../driver.ts";
import { describeVectorDriver, findByTerms, findByVector } from "../vector-driver.contract.ts";
import { lanceVectors } from "./lance.ts";
import { memoryVectors } from "./memory.ts";

const temporaryFolder = (): string => join(mkdtempSync(join(tmpdir(), "trilith-")), "vectors");

const clock = systemClock();
async function* batch(rows: readonly VectorRow[]): AsyncGenerator<readonly VectorRow[]> {
  yield rows;
}

const random = createRandom(7);
const unit = (): Float32Array => {
  const values = Float32Array.from({ length: 16 }, () => random.normal());
  return values.map((value) => value / Math.hypot(...values));
};
const rows: VectorRow[] = Array.from({ length: 1000 }, (_, index) => ({
  id: `row${index}`,
  payload: "",
  terms: Array.from({ length: 5 + random.integer(40) }, () => `t${Math.floor(random.next() ** 3 * 200)}`),
  vector: unit(),
  authorId: `author${index % 10}`,
  kind: "note",
  platform: "folder",
  language: null,
  tags: [],
  publishedAtMs: index,
}));

describeVectorDriver("lance", async () => lanceVectors({ clock, folder: temporaryFolder() }));

describe("the LanceDB driver against the exact one", () => {
  it("gives the same BM25 scores within 1 % on a thousand rows", async () => {
    const [lance, memory] = [lanceVectors({ clock, folder: temporaryFolder() }), memoryVectors()];
    await Promise.all([lance, memory].map((driver) => driver.createTable("t", batch(rows))));
    for (const terms of [["t3"], ["t1", "t50", "t199"], ["t10", "t10", "t120"]]) {
      const options = { limit: 1000, filter: { authorIds: ["author3", "author4"] } };
      const exact = new Map((await findByTerms(memory, terms, options)).map(({ id, score }) => [id, score]));
      const found = await findByTerms(lance, terms, options);
      expect(found.length).toBe(exact.size);
      for (const { id, score } of found) expect(Math.abs(score / (exact.get(id) ?? 0) - 1)).toBeLessThan(0.01);
    }
    await lance.close();
  });

  it("finds nine of the ten nearest under a filter when the table has an approximate index", async () => {
    const [lance, memory] = [
      lanceVectors({ clock, folder: temporaryFolder(), approximateAboveRowCount: 500 }),
      memoryVectors(),
    ];
    await Promise.all([lance, memory].map((driver) => driver.createTable("t", batch(rows))));
    const options = { limit: 10, filter: { authorIds: ["author1", "author2", "author3"] } };
    for (const limit of [1, 50, 100, 400]) {
      expect((await lance.rank("t", { vector: unit() }, { limit, filter: {} })).length).toBe(limit);
    }
    const query = unit();
    const exact = (await findByVector(memory, query, options)).map(({ id }) => id);
    const found = (await findByVector(lance, query, options)).map(({ id }) => id);
    expect(exact.filter((id) => found.includes(id)).length).toBeGreaterThanOrEqual(9);
    await lance.close();
  });
});

describe("the LanceDB folder", () => {
  it("is read by a second driver as the first left it, and holds no half-written pointer", async () => {
    const folder = temporaryFolder();
    const writer = lanceVectors({ clock, folder });
    await writer.createTable("t", batch(rows.slice(0, 3)));
    await writer.writePointer("here");
    await writer.close();
    const reader = lanceVectors({ clock, folder });
    expect(await reader.readPointer()).toBe("here");
    expect((await reader.rank("t", { vector: unit() }, { limit: 5, filter: {} })).length).toBe(3);
    expect(readdirSync(folder).sort()).toEqual(["current.json", "t.lance"]);
    await reader.close();
  });

  it("gets a new row once when two handles add it at the same moment", async () => {
    const folder = temporaryFolder();
    const writers = [lanceVectors({ clock, folder }), lanceVectors({ clock, folder })] as const;
    await writers[0].createTable("t", batch(rows.slice(0, 980)));
    const change = () => ({ rows: batch(rows.slice(975)), removedIds: [] });
    await Promise.all(writers.map((writer) => writer.updateTable("t", change())));
    expect(await Promise.all(writers.map((writer) => writer.countRows("t")))).toEqual([1000, 1000]);
    await Promise.all(writers.map((writer) => writer.close()));
  });

  it("is seen as it is by a handle that was opened before another one wrote", async () => {
    const folder = temporaryFolder();
    const [reader, writer] = [lanceVectors({ clock, folder }), lanceVectors({ clock, folder })];
    await writer.createTable("t", batch(rows.slice(0, 3)));
    expect(await reader.countRows("t")).toBe(3);
    await writer.updateTable("t", { rows: batch(rows.slice(3, 5)), removedIds: ["row0"] });
    const found = await findByVector(reader, unit(), { limit: 9, filter: {} });
    expect(found.map(({ id }) => id).sort()).toEqual(["row1", "row2", "row3", "row4"]);
    await Promise.all([reader.close(), writer.close()]);
  });

  it("keeps no old versions longer than a reader can need them", async () => {
    const folder = temporaryFolder();
    const late = { ...clock, now: () => clock.now() + 3_600_000 };
    const writer = lanceVectors({ clock: late, folder });
    await writer.createTable("t", batch(rows));
    for (let round = 0; round < 5; round++) {
      await writer.updateTable("t", { rows: batch(rows.slice(0, 200)), removedIds: [] });
    }
    expect(readdirSync(join(folder, "t.lance/_versions")).length).toBeLessThan(4);
    await writer.close();
  });

  it("is one file of data after a build in many batches", async () => {
    const folder = temporaryFolder();
    const writer = lanceVectors({ clock, folder });
    async function* batches(): AsyncGenerator<readonly VectorRow[]> {
      for (let start = 0; start < 1000; start += 100) yield rows.slice(start, start + 100);
    }
    await writer.createTable("t", batches());
    expect(readdirSync(join(folder, "t.lance/data")).length).toBe(1);
    await writer.close();
  });
});
