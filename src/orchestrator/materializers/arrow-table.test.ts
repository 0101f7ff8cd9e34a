import {
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  Schema,
  Table,
  tableFromArrays,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../../core/random.ts";
import { arrowTable } from "./arrow-table.ts";
import { createStore, describeMaterializer } from "./materializer.contract.ts";

function randomTable(random: Random, rowCount: number): Table {
  const names = Array.from({ length: rowCount }, () => ["ada", "grace", null][random.integer(3)] ?? null);
  const scores = Array.from({ length: rowCount }, () => (random.integer(5) === 0 ? null : random.normal()));
  return new Table({
    id: vectorFromArray(
      Array.from({ length: rowCount }, (_, i) => i),
      new Int32(),
    ),
    name: vectorFromArray(names, new Dictionary(new Utf8(), new Int32())),
    score: vectorFromArray(scores, new Float64()),
    size: vectorFromArray(BigInt64Array.from({ length: rowCount }, () => BigInt(random.integer(9)))),
    note: vectorFromArray(
      names.map((name) => `${name}\u0000😀`),
      new Utf8(),
    ),
  });
}

const rowsOf = (table: Table): unknown => ({
  schema: table.schema.fields.map(({ name, type, nullable }: Field<DataType>) => `${name} ${type} ${nullable}`),
  rows: table.toArray().map((row: { toJSON(): unknown }) => row.toJSON()),
});

const written = (await arrowTable().save(tableFromArrays({ a: [1, 2] }), createStore(), "it")).content;

describeMaterializer<Table>("arrowTable", {
  materializer: arrowTable(),
  values: () => {
    const random = createRandom(4);
    return Array.from({ length: 20 }, (_, i) => randomTable(random, i * 3));
  },
  comparable: rowsOf,
  damaged: [
    new Uint8Array(),
    Buffer.from("garbage that is long enough to be read as a message of some length"),
    written.subarray(0, -8),
    written.subarray(0, written.length - 30),
    Buffer.concat([written.subarray(0, 40), written.subarray(-8)]),
  ],
  refused: [null, [{ a: 1 }], "a", { schema: {} }],
});

describe("Arrow tables", () => {
  it("keeps the batches of a table that was put together, with one dictionary after another", async () => {
    const [one, other] = [randomTable(createRandom(5), 7), randomTable(createRandom(6), 4)];
    const joined = one.concat(other);
    const { content } = await arrowTable().save(joined, createStore(), "it");
    const read = await arrowTable().load(content, createStore());
    expect(rowsOf(read)).toEqual(rowsOf(joined));
    expect(read.numRows).toBe(11);
  });

  it("takes only tables of a schema that is given, nullability included", async () => {
    const schema = new Schema([new Field("a", new Float64(), true)]);
    const materializer = arrowTable(schema);
    expect(materializer.schemaId).not.toBe(arrowTable().schemaId);
    const fitting = new Table({ a: vectorFromArray([1, null], new Float64()) });
    expect((await materializer.save(fitting, createStore(), "it")).preview).toEqual({
      rowCount: 2,
      schema: { a: "Float64" },
      rows: [{ a: 1 }, { a: null }],
    });
    const other = new Table({ a: vectorFromArray([1], new Int32()) });
    await expect(materializer.save(other, createStore(), "it")).rejects.toThrow(/a: Int32.*expected.*a: Float64/);
  });
});
