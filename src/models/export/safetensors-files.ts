/**
 * A model as transformers loads it: `config.json`, the tokenizer, and weights as floats of a chosen width, in shards
 * with an index where they are larger than one file should be.
 */

import { ExportError } from "../errors.ts";
import { fromFloats, type SafetensorsDtype, toSafetensorsHeader } from "../safetensors.ts";
import { type ExportFile, jsonFile } from "./export-file.ts";
import type { ExportSource } from "./export-source.ts";
import { modelFiles } from "./model-files.ts";

/** The widths of floats that weights are exported in. */
export type FloatWidth = "f32" | "f16" | "bf16";

const DTYPES = {
  f32: { stored: "F32", torch: "float32", bytes: 4 },
  f16: { stored: "F16", torch: "float16", bytes: 2 },
  bf16: { stored: "BF16", torch: "bfloat16", bytes: 2 },
} as const satisfies Record<FloatWidth, { stored: SafetensorsDtype; torch: string; bytes: number }>;

/** Where transformers cuts, too. */
const SHARD_BYTES = 5e9;

/** The files of the folder; shards are cut before they would exceed `shardBytes`. */
export async function safetensorsFiles(
  source: ExportSource,
  { width, shardBytes = SHARD_BYTES }: { width: FloatWidth; shardBytes?: number },
): Promise<readonly ExportFile[]> {
  const { torch } = DTYPES[width];
  const { torch_dtype: _older, ...fields } = source.fields;
  return [
    jsonFile("config.json", { ...fields, architectures: source.config.architectures, dtype: torch }),
    ...(await modelFiles(source)),
    ...weightFiles(source, width, shardBytes),
  ];
}

function weightFiles(source: ExportSource, width: FloatWidth, shardBytes: number): readonly ExportFile[] {
  const { bytes } = DTYPES[width];
  const sizeOf = (name: string): number => (source.shapes[name] ?? []).reduce((size, length) => size * length, bytes);
  const shards: string[][] = [[]];
  let filled = 0;
  for (const name of Object.keys(source.shapes)) {
    if (filled > 0 && filled + sizeOf(name) > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(name);
    filled += sizeOf(name);
  }
  if (shards.length === 1) return [weightFile(source, { path: "model.safetensors", names: shards[0] ?? [], width })];
  const numbered = (i: number): string => String(i).padStart(5, "0");
  const files = shards.map((names, i) => {
    const path = `model-${numbered(i + 1)}-of-${numbered(shards.length)}.safetensors`;
    return { names, file: weightFile(source, { path, names, width }) };
  });
  const index = {
    metadata: { total_size: Object.keys(source.shapes).reduce((sum, name) => sum + sizeOf(name), 0) },
    weight_map: Object.fromEntries(files.flatMap(({ names, file }) => names.map((name) => [name, file.path]))),
  };
  return [jsonFile("model.safetensors.index.json", index), ...files.map(({ file }) => file)];
}

function weightFile(
  source: ExportSource,
  { path, names, width }: { path: string; names: readonly string[]; width: FloatWidth },
): ExportFile {
  const { stored: dtype, bytes } = DTYPES[width];
  const entries = names.map((name) => [name, { dtype, shape: source.shapes[name] ?? [] }] as const);
  const header = toSafetensorsHeader(new Map(entries), { format: "pt" });
  const elements = entries.reduce((sum, [, { shape }]) => sum + shape.reduce((size, length) => size * length, 1), 0);
  return {
    path,
    sizeBytes: header.byteLength + elements * bytes,
    async *pieces() {
      yield header;
      for (const [name, { shape }] of entries)
        yield fromFloats(inRange(name, source.weight(name), width), shape, dtype).bytes;
    },
  };
}

/** Half of 2^16: from here on 16-bit floats are infinite. @source IEEE 754-2008, binary16 */
const LARGEST_F16 = 65520;

/**
 * The values, if 16-bit floats can hold them.
 *
 * @throws {ExportError} (`export-impossible`) naming the weight where they cannot
 */
export function inRange(name: string, values: Float32Array, width: FloatWidth): Float32Array {
  if (width === "f16" && values.some((value) => Math.abs(value) >= LARGEST_F16)) {
    throw new ExportError(`${name} has numbers beyond 65504, the largest 16-bit float`, "Choose bf16 or f32 instead");
  }
  return values;
}
