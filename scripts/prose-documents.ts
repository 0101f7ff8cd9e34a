/** Reads the openly licensed prose: one JSON object a line, gzip-compressed, cleaned for a small language model. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cleanDocument } from "./clean-document.ts";

export interface ProseDocument {
  readonly source: string;
  readonly path: string;
  readonly kind: "voice" | "technical";
  readonly licence: string;
  readonly text: string;
}

/** The documents of every file of `folder` whose name begins with `prefix`, without those that are hardly prose. */
export async function* readProse(folder: string, prefix: string): AsyncGenerator<ProseDocument> {
  const files = (await readdir(folder)).filter((name) => name.startsWith(prefix)).sort();
  for (const file of files) {
    // One file is about 20 MB of text; `readline` would also split at U+2028, which JSON strings may hold.
    const lines = gunzipSync(await readFile(join(folder, file)))
      .toString()
      .split("\n");
    for (const line of lines.filter(Boolean)) {
      const document: ProseDocument = JSON.parse(line);
      const text = cleanDocument(document.text, document.kind);
      if (text) yield { ...document, text };
    }
  }
}
