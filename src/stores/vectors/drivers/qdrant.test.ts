import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VectorRow } from "../driver.ts";
import { describeVectorDriver } from "../vector-driver.contract.ts";
import { qdrantVectors } from "./qdrant.ts";
import { type QdrantFixture, startQdrantFixture } from "./qdrant-fixture.ts";
import { pointId, toSparse } from "./qdrant-points.ts";

const { QDRANT_URL, QDRANT_API_KEY } = process.env;
let prefixes = 0;
const prefix = (): string => `trilith-test-${process.pid}-${prefixes++}-`;

let fixture: QdrantFixture;
beforeAll(async () => {
  fixture = await startQdrantFixture();
});
afterAll(() => fixture.close());

describeVectorDriver("qdrant, over a double of its endpoints", async () =>
  qdrantVectors({ url: fixture.url, prefix: prefix() }),
);

if (QDRANT_URL === undefined) {
  it("qdrant, on a real server (skipped: there is no QDRANT_URL)", { skip: true }, () => undefined);
} else {
  describeVectorDriver("qdrant, on the server of QDRANT_URL", async () => {
    const driver = qdrantVectors({
      url: QDRANT_URL,
      prefix: prefix(),
      ...(QDRANT_API_KEY !== undefined && { apiKey: QDRANT_API_KEY }),
    });
    return {
      ...driver,
      async close() {
        for (const table of await driver.listTables()) await driver.dropTable(table);
      },
    };
  });
}

const row = (id: string): VectorRow => ({
  id,
  payload: "",
  terms: ["fox", "fox", "den"],
  vector: Float32Array.of(1, 0),
  authorId: "a",
  kind: "note",
  platform: "folder",
  language: null,
  tags: [],
  publishedAtMs: null,
});
async function* batches(count: number): AsyncGenerator<readonly VectorRow[]> {
  yield Array.from({ length: count }, (_, i) => row(`r${i}`));
}

describe("the Qdrant driver", () => {
  it("asks only for what this release of the client has: no search, recommend or discover", async () => {
    const requests = new Set(fixture.requests);
    expect([...requests].filter((each) => /search|recommend|discover/.test(each))).toEqual([]);
    expect(requests).toContain("POST /collections/:name/points/query");
  });

  it("names the collection in use by an alias that moves at once, and keeps other workspaces' apart", async () => {
    const mine = prefix();
    const [driver, other] = [qdrantVectors({ url: fixture.url, prefix: mine }), qdrantVectors({ url: fixture.url })];
    await driver.createTable("g1", batches(1));
    await driver.writePointer("one", "g1");
    await driver.createTable("g2", batches(1));
    await driver.writePointer("two", "g2");
    expect(fixture.aliases.get(`${mine}current`)).toBe(`${mine}g2`);
    expect([await driver.listTables(), await other.listTables()]).toEqual([["g1", "g2"], []]);
  });

  it("makes its payload indexes before the first point, sends large batches in parts, and lists all of them", async () => {
    const driver = qdrantVectors({ url: fixture.url, prefix: prefix() });
    await driver.createTable("t", batches(2_300));
    const ids: string[] = [];
    for await (const batch of driver.listIds("t")) ids.push(...batch);
    expect([new Set(ids).size, await driver.countRows("t"), await driver.countRows("t", "fox")]).toEqual([
      2_300, 2_300, 2_300,
    ]);
  });

  it("sends the key, says how vectors are made small, and asks for the found ones to be scored again", async () => {
    const guarded = await startQdrantFixture({ apiKey: "secret" });
    const options = { url: guarded.url, quantization: "int8" } as const;
    await expect(qdrantVectors(options).listTables()).rejects.toMatchObject({ code: "vector-engine" });
    const driver = qdrantVectors({ ...options, apiKey: "secret" });
    await driver.createTable("t", batches(2));
    expect((await driver.rank("t", { vector: Float32Array.of(1, 0) }, { limit: 9, filter: {} })).length).toBe(2);
    const { config } = guarded.collections.get("trilith-t") ?? {};
    expect(config?.quantization_config).toEqual({ scalar: { type: "int8", quantile: 0.99, always_ram: true } });
    await guarded.close();
  });

  it("gives a row one name, whichever process asks, and a term one place", () => {
    expect(pointId("chunk_1")).toBe(pointId("chunk_1"));
    expect(pointId("chunk_1")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    // FNV-1a of "a" and of "foobar", from the published test vectors.
    expect(toSparse(["a", "foobar", "a"])).toEqual({ indices: [0xe40c292c, 0xbf9cf968], values: [2, 1] });
  });
});
