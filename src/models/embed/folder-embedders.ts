/** The embedder of a folder, whichever of the two kinds it is. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Embedders } from "../../contracts/models.ts";
import { type OnnxEmbeddersOptions, onnxEmbedders } from "./onnx-embedders.ts";
import { staticEmbedders } from "./static-embedders.ts";
import { STATIC_FORMAT } from "./static-folder.ts";

/**
 * A static embedder where the folder's `config.json` says so, a sentence-transformers folder otherwise.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) when it is neither
 */
export async function folderEmbedders(options: OnnxEmbeddersOptions): Promise<Embedders> {
  const config = await readFile(join(options.folder, "config.json"), "utf8").catch(() => "");
  return config.includes(STATIC_FORMAT) ? staticEmbedders(options) : onnxEmbedders(options);
}
