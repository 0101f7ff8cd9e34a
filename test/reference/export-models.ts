/**
 * Writes what the peers of the exports read: for each tiny family its base, and the base with an adapter in every form.
 *
 *     node test/reference/export-models.ts FOLDER
 *     python test/reference/export_reference.py FOLDER          (torch 2.15, transformers 5.23, peft 0.21)
 *     node test/reference/export-peers.mjs FOLDER PEERS         (PEERS has node-llama-cpp 3.22.1, @huggingface/transformers 4.3.1)
 *
 * The last two add their numbers to test/fixtures/export-reference.json, which the tests of `src/models/export` read.
 */

import { join } from "node:path";
import { EXPORT_FORMATS, exportModel } from "../../src/models/export/export-model.ts";
import { TINY_FAMILIES, type TinyFamily, tinyAdapter, writeTinyFolder } from "../../src/models/export/tiny-folder.ts";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("name a folder");
for (const family of Object.keys(TINY_FAMILIES) as TinyFamily[]) {
  const base = join(folder, family, "base");
  const adapter = tinyAdapter(await writeTinyFolder(base, family));
  for (const [format, quantizations] of Object.entries(EXPORT_FORMATS)) {
    for (const quantization of quantizations) {
      const target = join(folder, family, `${format}-${quantization}`);
      // A key of EXPORT_FORMATS.
      await exportModel({
        base,
        adapter,
        format: format as keyof typeof EXPORT_FORMATS,
        quantization,
        folder: target,
        name: "tiny",
      });
    }
  }
}
