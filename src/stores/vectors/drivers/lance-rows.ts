/** Rows as a Lance table holds them, and filters as its SQL says them. */

import type { Table as ArrowTable, Field, Schema } from "apache-arrow";
import type { RowFilter, VectorRow } from "../driver.ts";

type Arrow = typeof import("apache-arrow");

/** Longer terms are bytes, not words. */
export const MAX_TERM_LENGTH = 100;

/** The columns of a table whose vectors have so many dimensions. */
export function lanceSchema(arrow: Arrow, dimensions: number): Schema {
  const { Field, FixedSizeList, Float32, Float64, List, Schema, Utf8 } = arrow;
  const text = (name: string, nullable = false): Field => new Field(name, new Utf8(), nullable);
  return new Schema([
    text("id"),
    text("payload"),
    text("terms"),
    new Field("vector", new FixedSizeList(dimensions, new Field("item", new Float32(), true)), false),
    text("author_id"),
    text("kind"),
    text("platform"),
    text("language", true),
    new Field("tags", new List(new Field("item", new Utf8(), true)), false),
    new Field("published_at_ms", new Float64(), true),
  ]);
}

/** The rows as columns. */
export function toArrow(arrow: Arrow, schema: Schema, rows: readonly VectorRow[]): ArrowTable {
  const columns: Record<string, (row: VectorRow) => unknown> = {
    id: ({ id }) => id,
    payload: ({ payload }) => payload,
    terms: ({ terms }) => joined(terms),
    author_id: ({ authorId }) => authorId,
    kind: ({ kind }) => kind,
    platform: ({ platform }) => platform,
    language: ({ language }) => language,
    tags: ({ tags }) => tags,
    published_at_ms: ({ publishedAtMs }) => publishedAtMs,
  };
  const children = schema.fields.map(({ name, type }) => {
    const read = columns[name];
    return read ? arrow.vectorFromArray(rows.map(read), type).data[0] : vectorColumn(arrow, type, rows);
  });
  const struct = new arrow.Struct(schema.fields);
  // Each column was made as one piece, so each has a first one.
  const data = arrow.makeData({ type: struct, length: rows.length, nullCount: 0, children: children as never });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, data as never)); // a Struct of the schema's fields
}

/** All vectors in one buffer, which is how Arrow lays a list of fixed size out. */
function vectorColumn(arrow: Arrow, type: Field["type"], rows: readonly VectorRow[]) {
  const dimensions = rows[0]?.vector.length ?? 0;
  const values = new Float32Array(rows.length * dimensions);
  for (const [row, { vector }] of rows.entries()) values.set(vector, row * dimensions);
  const child = arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values });
  return arrow.makeData({ type: type as never, length: rows.length, nullCount: 0, child: child as never }); // `type` is the schema's FixedSizeList
}

/** Terms as one text, each between two spaces, so that a whole term can be looked for. */
export function joined(terms: readonly string[]): string {
  return ` ${terms.map((term) => term.slice(0, MAX_TERM_LENGTH)).join(" ")} `;
}

/** The terms of such a text. */
export function splitJoined(text: string): string[] {
  return text.trim() === "" ? [] : text.trim().split(" ");
}

/** The rows with one of the ids. */
export function idsSql(ids: readonly string[]): string {
  return `id in (${ids.map(quoted).join(", ")})`;
}

/** The rows whose text of terms holds the term. */
export function holdsTermSql(term: string): string {
  return `contains(terms, ${quoted(joined([term]))})`;
}

/** Every condition that the filter gives; empty for none. */
export function filterSql(filter: RowFilter): string {
  const { authorIds, kinds, platforms, languages, tags, publishedFromMs, publishedToMs } = filter;
  const list = (values: readonly string[]): string => values.map(quoted).join(", ");
  const isOneOf = (column: string, values: readonly string[] | undefined): string[] =>
    values ? [`${column} in (${list(values)})`] : [];
  return [
    ...isOneOf("author_id", authorIds),
    ...isOneOf("kind", kinds),
    ...isOneOf("platform", platforms),
    ...isOneOf("language", languages),
    ...(tags ? [`array_has_any(tags, make_array(${list(tags)}))`] : []),
    ...(publishedFromMs === undefined ? [] : [`published_at_ms >= ${decimal(publishedFromMs)}`]),
    ...(publishedToMs === undefined ? [] : [`published_at_ms <= ${decimal(publishedToMs)}`]),
  ].join(" and ");
}

/** A SQL string literal: a quote inside is doubled, and nothing else is special in one. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** Always a number to SQL, also where it has no fraction. */
const decimal = (value: number): string => value.toFixed(1);
