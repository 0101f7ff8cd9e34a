/**
 * The files of a static embedder: `config.json`, the `tokenizer.json` of its pieces, and `model.safetensors` with the
 * table as 8-bit rows. A model card beside them is for people.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { hashBytes, hashJson, shortHash } from "../../core/hash.ts";
import { EmbedderFolderError } from "../errors.ts";
import { fromFloats, parseSafetensors, toFloats, toSafetensors } from "../safetensors.ts";
import type { StaticTable } from "./static-model.ts";
import { parseWordPiece, type WordPiece } from "./word-piece.ts";

/** A folder in memory. */
export interface StaticFolder {
  readonly config: StaticConfig;
  readonly wordPiece: WordPiece;
  readonly table: StaticTable;
  /** Of config, vocabulary and table. */
  readonly fingerprint: string;
}

/** Names the format in `config.json`. */
export const STATIC_FORMAT = "trilith-static-1";
const StaticConfig = z.object({
  format: z.literal(STATIC_FORMAT),
  name: z.string(),
  dimensions: z.int().positive(),
  maxInputTokens: z.int().positive(),
});
export type StaticConfig = z.output<typeof StaticConfig>;

/** The content of the three files. */
export function toStaticFiles(
  config: Omit<StaticConfig, "format" | "dimensions">,
  tokenizerJson: string,
  { rows, dimensions }: StaticTable,
): Map<string, Uint8Array> {
  const pieceCount = rows.scales.length;
  const values = new Uint8Array(rows.values.buffer, rows.values.byteOffset, rows.values.byteLength);
  const tensors = new Map([
    ["embedding.weight", { dtype: "I8" as const, shape: [pieceCount, dimensions], bytes: values }],
    ["embedding.weight_scale", fromFloats(rows.scales, [pieceCount, 1])],
  ]);
  const whole: StaticConfig = { format: STATIC_FORMAT, ...config, dimensions };
  return new Map([
    ["config.json", Buffer.from(`${JSON.stringify(whole, undefined, 2)}\n`)],
    ["tokenizer.json", Buffer.from(tokenizerJson)],
    ["model.safetensors", toSafetensors(tensors, { format: "pt" })],
  ]);
}

/**
 * Reads what `toStaticFiles` gave.
 *
 * @throws {EmbedderFolderError} (`embedder-folder-unusable`) when a file is missing or they do not fit together
 */
export async function readStaticFolder(folder: string): Promise<StaticFolder> {
  const [configFile, tokenizerFile, tableFile] = (await Promise.all(
    ["config.json", "tokenizer.json", "model.safetensors"].map((name) => readPart(folder, name)),
  )) as [Buffer, Buffer, Buffer]; // one content a name
  const config = parseConfig(folder, configFile);
  const wordPiece = parseWordPiece(tokenizerFile.toString());
  const { tensors } = parseSafetensors(tableFile, join(folder, "model.safetensors"));
  const [weight, scale] = [tensors.get("embedding.weight"), tensors.get("embedding.weight_scale")];
  const shape = [wordPiece.pieces.length, config.dimensions].join(" x ");
  if (weight?.dtype !== "I8" || scale === undefined || weight.shape.join(" x ") !== shape) {
    throw new EmbedderFolderError(folder, `its model.safetensors holds no 8-bit table of ${shape}`);
  }
  const rows = { values: new Int8Array(new Uint8Array(weight.bytes).buffer), scales: toFloats(scale) };
  const parts = [configFile, tokenizerFile, tableFile].map(hashBytes);
  return {
    config,
    wordPiece,
    table: { rows, dimensions: config.dimensions },
    fingerprint: `${config.name}:${shortHash(hashJson(parts))}`,
  };
}

async function readPart(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new EmbedderFolderError(folder, `its ${name} cannot be read (${messageOf(error)})`, { cause: error });
  }
}

function parseConfig(folder: string, file: Buffer): StaticConfig {
  try {
    return StaticConfig.parse(JSON.parse(file.toString()));
  } catch (error) {
    throw new EmbedderFolderError(folder, `its config.json is no ${STATIC_FORMAT} (${messageOf(error)})`, {
      cause: error,
    });
  }
}
