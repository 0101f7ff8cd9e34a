/** A static embedder of a folder as a port: no network runs, so a text costs a look-up a word and some additions. */

import { z } from "zod";
import type { Embedders } from "../../contracts/models.ts";
import { EmbedderFileError } from "../errors.ts";
import { readStaticFolder } from "./static-folder.ts";
import { createStaticEncoder, piecesOf } from "./static-model.ts";

const Name = z.object({ format: z.literal("trilith-static-1"), fingerprint: z.string() });

/**
 * Reads the folder that `trilith embedder distill` wrote into memory.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) when the folder is not such a one
 */
export async function staticEmbedders({ folder }: { readonly folder: string }): Promise<Embedders> {
  const { config, wordPiece, table, fingerprint } = await readStaticFolder(folder);
  const encode = createStaticEncoder(wordPiece, table);
  const limits = {
    maxInputTokens: config.maxInputTokens,
    countTokens: (text: string) => piecesOf(text, wordPiece).length,
  };
  return {
    ...limits,
    fingerprint,
    fitted: false,
    prepare: async () => new TextEncoder().encode(JSON.stringify({ format: "trilith-static-1", fingerprint })),
    async open(bytes) {
      const name = readName(bytes);
      if (name !== fingerprint) throw new EmbedderFileError(`they name ${name}, and ${fingerprint} is configured`);
      return { ...limits, fingerprint, dimensions: table.dimensions, embed: async (texts) => texts.map(encode) };
    },
  };
}

function readName(bytes: Uint8Array): string {
  try {
    return Name.parse(JSON.parse(new TextDecoder().decode(bytes))).fingerprint;
  } catch (error) {
    throw new EmbedderFileError("they name no static embedder", { cause: error });
  }
}
