/**
 * Rows that nobody has to hold all at once: written while a generator makes them, read back part by part. Each part is
 * an artifact of its own, as JSON lines; the content is the list of the parts.
 */

import { z } from "zod";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { ContentHash } from "../../core/hash.ts";
import { parseWith } from "../../core/schema.ts";
import { describeValue, previewOf, toJsonValue } from "../json-value.ts";
import { ContentUnreadableError, ValueNotStorableError } from "./errors.ts";
import { type Materializer, schemaIdOf } from "./materializer.ts";

/** Rows in order, for `for await`; those read back from an artifact can be gone through again and again. */
export type Rows<T> = (AsyncIterable<T> | Iterable<T>) & {
  /** How many there are, where that is known beforehand. */
  readonly rowCount?: number;
};

/** Schema of rows, for the input of a step that reads them. Those that a step gave were checked when they were written. */
export function rowsOf<T>(rowSchema: z.ZodType<T>): z.ZodType<Rows<T>, Rows<T>> {
  const given = z.custom<Rows<T>>(
    (value) => isRows(value) && !Array.isArray(value),
    "expected rows: an array, a generator, or what a step gave as rows",
  );
  return z.union([given, z.array(rowSchema)]) as z.ZodType<Rows<T>, Rows<T>>; // what an array holds is parsed on its way in
}

const isRows = (value: unknown): boolean =>
  typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

/** A part is closed at the first row that takes it to this size. */
const PART_BYTES = 1024 * 1024;
const PREVIEW_ROWS = 3;

const Content = z.object({
  format: z.literal("rows-1"),
  rowCount: z.int().nonnegative(),
  parts: z.array(z.object({ hash: z.templateLiteral(["sha256:", z.string()]), rowCount: z.int(), sizeBytes: z.int() })),
});
type Content = z.infer<typeof Content>;

/** Stores rows that `rowSchema` accepts, in order. */
export function rows<T>(rowSchema: z.ZodType<T>): Materializer<Rows<T>> {
  let schemaId: string | undefined;
  return {
    name: "rows",
    get schemaId() {
      schemaId ??= schemaIdOf(rowSchema);
      return schemaId;
    },
    async save(value, artifacts, what) {
      if (!isRows(value)) throw new ValueNotStorableError(what, describeValue(value), "rows, to go through");
      const content: Content = { format: "rows-1", rowCount: 0, parts: [] };
      const first = [];
      let lines: string[] = [];
      let sizeBytes = 0;
      const closePart = async (): Promise<void> => {
        if (lines.length === 0) return;
        content.parts.push({ hash: await artifacts.put(lines.join("")), rowCount: lines.length, sizeBytes });
        [lines, sizeBytes] = [[], 0];
      };
      for await (const row of value) {
        const name = `row ${content.rowCount} of ${what}`;
        const checked = toJsonValue(parseWith(rowSchema, row, name), name);
        if (content.rowCount++ < PREVIEW_ROWS) first.push(checked);
        const line = `${JSON.stringify(checked)}\n`;
        lines.push(line);
        sizeBytes += Buffer.byteLength(line);
        if (sizeBytes >= PART_BYTES) await closePart();
      }
      await closePart();
      return {
        content: Buffer.from(JSON.stringify(content)),
        preview: previewOf({ rowCount: content.rowCount, first }),
      };
    },
    async load(content, artifacts) {
      const { parts, rowCount } = parseContent(content);
      return {
        rowCount,
        async *[Symbol.asyncIterator]() {
          for (const { hash } of parts) yield* parsePart(await artifacts.get(hash)) as Iterable<T>; // written by `save`
        },
      };
    },
    parts: (content) => parseContent(content).parts.map(({ hash }): ContentHash => hash),
  };
}

/** The rows of a content as the text of one JSON lines file, a part at a time. */
export async function* rowsText(content: Uint8Array, artifacts: ArtifactStore): AsyncGenerator<Uint8Array> {
  for (const { hash } of parseContent(content).parts) yield await artifacts.get(hash);
}

function* parsePart(part: Uint8Array): Iterable<unknown> {
  const text = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString();
  for (const line of text.split("\n")) if (line !== "") yield JSON.parse(line);
}

function parseContent(content: Uint8Array): Content {
  try {
    return parseWith(Content, JSON.parse(Buffer.from(content).toString()), "the list of parts");
  } catch (cause) {
    throw new ContentUnreadableError("rows", "a list of parts", cause);
  }
}
