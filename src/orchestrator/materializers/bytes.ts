/** Bytes as they are: an image, an archive, a file of somebody else's. */

import { describeValue } from "../json-value.ts";
import { ValueNotStorableError } from "./errors.ts";
import type { Materializer } from "./materializer.ts";

/** Stores bytes unchanged. A Buffer is read back as the Uint8Array that it is. */
export function bytes(): Materializer<Uint8Array> {
  return {
    name: "bytes",
    schemaId: "bytes-1",
    async save(value, _artifacts, what) {
      if (!(value instanceof Uint8Array)) throw new ValueNotStorableError(what, describeValue(value), "a Uint8Array");
      return { content: value, preview: { sizeBytes: value.byteLength } };
    },
    load: async (content) => new Uint8Array(content),
    parts: () => [],
  };
}
