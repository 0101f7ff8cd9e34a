/** Text as UTF-8, as it is: a file that any editor opens. */

import { describeValue, previewOf } from "../json-value.ts";
import { ContentUnreadableError, ValueNotStorableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";

/** Stores a text as UTF-8. A text that UTF-8 cannot say (half a surrogate pair) is refused. */
export function text(): Materializer<string> {
  return {
    name: "text",
    schemaId: "text-1",
    async save(value, _artifacts, what) {
      if (typeof value !== "string") throw new ValueNotStorableError(what, describeValue(value), "a string");
      if (!value.isWellFormed()) {
        throw new ValueNotStorableError(what, "a string with half a surrogate pair", "a string that UTF-8 can say");
      }
      return { content: Buffer.from(value), preview: previewOf(value) };
    },
    async load(content) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
      } catch (cause) {
        throw new ContentUnreadableError("text", "UTF-8", cause);
      }
    },
    parts: () => [],
  };
}
