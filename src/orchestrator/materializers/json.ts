/** JSON: the default. What does not survive the round trip is refused, with its path. */

import { z } from "zod";
import { parseWith } from "../../core/schema.ts";
import { previewOf, toJsonValue } from "../json-value.ts";
import { ContentUnreadableError } from "./errors.ts";
import { type Materializer, schemaIdOf } from "./materializer.ts";

/** Stores what `schema` accepts as JSON. Its input and output types must be equal: no transforms, no defaults. */
export function json<T>(schema: z.ZodType<T, T>): Materializer<T> {
  let schemaId: string | undefined;
  return {
    name: "json",
    get schemaId() {
      schemaId ??= schemaIdOf(schema);
      return schemaId;
    },
    async save(value, _artifacts, what) {
      const checked = toJsonValue(parseWith(schema, value, what), what);
      return { content: Buffer.from(JSON.stringify(checked)), preview: previewOf(checked) };
    },
    load: async (content) => parseJson(Buffer.from(content).toString()) as T, // written by `save`, checked by hash
    parts: () => [],
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ContentUnreadableError("json", "JSON", cause);
  }
}

/** The output of a step that declares none: nothing, stored as `null`. */
export const nothing: Materializer<void> = {
  ...json(z.null()),
  name: "nothing",
  schemaId: "nothing",
  save: async () => ({ content: Buffer.from("null"), preview: null }),
  load: async () => undefined,
};
