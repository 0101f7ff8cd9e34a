/** JSON lines: an array of rows, one a line, for data sets. Written and read row by row, never as one text. */

import type { z } from "zod";
import { parseWith } from "../../core/schema.ts";
import { previewOf, toJsonValue } from "../json-value.ts";
import { ContentUnreadableError } from "./errors.ts";
import { type Materializer, schemaIdOf } from "./materializer.ts";

const NEWLINE = 10;

/** Stores an array of rows that `rowSchema` accepts as JSON lines (UTF-8, `\n` after each row). */
export function jsonl<T>(rowSchema: z.ZodType<T, T>): Materializer<readonly T[]> {
  let schemaId: string | undefined;
  return {
    name: "jsonl",
    get schemaId() {
      schemaId ??= schemaIdOf(rowSchema);
      return schemaId;
    },
    async save(rows, _artifacts, what) {
      const checked = rows.map((row, i) => {
        const name = `row ${i} of ${what}`;
        return toJsonValue(parseWith(rowSchema, row, name), name);
      });
      return {
        content: Buffer.concat(checked.map((row) => Buffer.from(`${JSON.stringify(row)}\n`))),
        preview: previewOf(checked),
      };
    },
    async load(content) {
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      const rows: T[] = [];
      for (let start = 0; start < bytes.length; ) {
        const newline = bytes.indexOf(NEWLINE, start);
        const end = newline < 0 ? bytes.length : newline; // a file from outside may lack the last one
        rows.push(parseRow(bytes.toString("utf8", start, end), rows.length) as T); // written by `save`, checked by hash
        start = end + 1;
      }
      return rows;
    },
    parts: () => [],
  };
}

function parseRow(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ContentUnreadableError("jsonl", `JSON on every line, also on line ${index + 1}`, cause);
  }
}
