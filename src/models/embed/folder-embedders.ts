/** The embedder of a folder, whichever of the two kinds it is. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Embedders } from "../../contracts/models.ts";
import { type OnnxEmbeddersOptions, onnxEmbedders } from "./onnx-embedders.ts";
import { staticEmbedders } from "./static-embedders.ts";
import { STATIC_FORMAT } from "./static-folder.ts";

/**
 * A static embedder where the folder is one, a sentence-transformers folder otherwise.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) when it is neither
 */
export async function folderEmbedders(options: OnnxEmbeddersOptions): Promise<Embedders> {
  return (await isStaticFolder(options.folder)) ? staticEmbedders(options) : onnxEmbedders(options);
}

/** Whether the folder's `config.json` is of a static embedder. */
export async function isStaticFolder(folder: string): Promise<boolean> {
  const config = await readFile(join(folder, "config.json"), "utf8").catch(() => "");
  return config.includes(STATIC_FORMAT);
}
