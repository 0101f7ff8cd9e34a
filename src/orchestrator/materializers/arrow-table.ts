/** Tables as an Arrow IPC stream: what data frames of every language read. The library is loaded on first use. */

import type { DataType, Field, Schema, Table } from "apache-arrow";
import { hashBytes } from "../../core/hash.ts";
import type { JsonValue } from "../../core/json.ts";
import { describeValue, previewOf } from "../json-value.ts";
import { ContentUnreadableError, ValueNotStorableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";

const PREVIEW_ROWS = 3;
/** How a stream ends: a mark that a message follows, of no length. Without it the reader takes half a table for one. */
const END = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/**
 * Stores a table of `apache-arrow` as an IPC stream (`pyarrow.ipc.open_stream` reads it). Equal tables have equal bytes.
 *
 * @param schema  which every table must have; any where it is not given
 */
export function arrowTable(schema?: Schema): Materializer<Table> {
  return {
    name: "arrowTable",
    schemaId: schema === undefined ? "arrow-stream-1" : `arrow-stream-1 ${hashBytes(toText(schema))}`,
    async save(value, _artifacts, what) {
      const arrow = await import("apache-arrow");
      if (!(value instanceof arrow.Table)) {
        throw new ValueNotStorableError(what, describeValue(value), "a Table of Trilith's version of apache-arrow");
      }
      if (schema && toText(value.schema) !== toText(schema)) {
        throw new ValueNotStorableError(what, `a table of ${toText(value.schema)}`, `one of ${toText(schema)}`);
      }
      const content = arrow.tableToIPC(withOwnDictionaryIds(value, arrow), "stream");
      return { content, preview: describe(value) };
    },
    async load(content) {
      if (Buffer.compare(content.subarray(-END.length), END) !== 0) throw unreadable("the stream does not end");
      const { tableFromIPC } = await import("apache-arrow");
      try {
        return tableFromIPC(content);
      } catch (cause) {
        throw unreadable(cause);
      }
    },
    parts: () => [],
  };
}

const unreadable = (reason: unknown): ContentUnreadableError =>
  new ContentUnreadableError("arrowTable", "an Arrow IPC stream", reason);

/** Name, type and nullability of each column. */
function toText({ fields }: Schema): string {
  return fields.map(({ name, type, nullable }) => `${name}: ${type}${nullable ? "" : " not null"}`).join(", ");
}

function describe(table: Table): JsonValue {
  const names = table.schema.fields.map(({ name }) => name);
  const schema = Object.fromEntries(table.schema.fields.map(({ name, type }): [string, string] => [name, `${type}`]));
  const rows = table
    .slice(0, PREVIEW_ROWS)
    .toArray()
    .map((row: Record<string, unknown>) => toRow(names, row));
  return { rowCount: table.numRows, schema: previewOf(schema), rows: previewOf(rows) };
}

const toRow = (names: readonly string[], row: Record<string, unknown>): JsonValue =>
  Object.fromEntries(names.map((name): [string, JsonValue] => [name, toCell(row[name])]));

/** A cell for people: what JSON has no form for is text. */
function toCell(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return typeof value === "boolean" ? value : String(value);
}

/**
 * The table with its dictionaries numbered by column. The library numbers them by a count of the process, so that
 * equal tables would have other bytes, and other hashes, from run to run.
 */
function withOwnDictionaryIds(table: Table, arrow: typeof import("apache-arrow")): Table {
  const { fields, metadata } = table.schema;
  if (!fields.some(({ type }) => arrow.DataType.isDictionary(type))) return table;
  const numbered = fields.map((field: Field, id): Field => {
    const type: DataType = field.type;
    if (!arrow.DataType.isDictionary(type)) return field;
    const own = new arrow.Dictionary(type.dictionary, type.indices, id, type.isOrdered);
    return new arrow.Field(field.name, own, field.nullable, field.metadata);
  });
  const schema = new arrow.Schema(numbered, metadata);
  const filled = table.batches.filter(({ numRows }) => numRows > 0);
  const batches = filled.map(({ data, numRows }) => {
    const children = data.children.map((child, i) => child.clone(numbered[i]?.type ?? child.type));
    const struct = arrow.makeData({ type: new arrow.Struct(numbered), length: numRows, nullCount: 0, children });
    return new arrow.RecordBatch(schema, struct);
  });
  return new arrow.Table(schema, batches);
}
