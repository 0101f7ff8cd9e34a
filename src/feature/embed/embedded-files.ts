/** Embedded chunks as files, so that vectors travel as 32-bit floats and not as JSON. */

import { z } from "zod";
import { Chunk } from "../../contracts/features.ts";
import { parseWith } from "../../core/schema.ts";
import { EmbeddedChunksError } from "../errors.ts";
import type { EmbeddedChunks } from "./embed-chunks.ts";

const Embedding = z.object({
  format: z.literal("embedded-chunks-1"),
  embedder: z.templateLiteral(["sha256:", z.string()]),
  dimensions: z.int().nonnegative(),
  documentIds: z.array(z.string()),
});

/** `embedding.json`, `chunks.jsonl` (a chunk a line) and `vectors.f32` (row-major [chunk, dimension], little-endian). */
export function toEmbeddedFiles({ chunks, vectors, ...embedding }: EmbeddedChunks): Map<string, Uint8Array> {
  const { embedder, dimensions, documentIds } = embedding;
  const values = new DataView(new ArrayBuffer(chunks.length * dimensions * 4));
  for (const [row, vector] of vectors.entries()) {
    for (const [column, value] of vector.entries()) values.setFloat32((row * dimensions + column) * 4, value, true);
  }
  return new Map([
    ["embedding.json", Buffer.from(JSON.stringify({ format: "embedded-chunks-1", embedder, dimensions, documentIds }))],
    ["chunks.jsonl", Buffer.from(chunks.map((chunk) => `${JSON.stringify(chunk)}\n`).join(""))],
    ["vectors.f32", new Uint8Array(values.buffer)],
  ]);
}

/** Reads the files back. @throws {EmbeddedChunksError} when one is missing or they do not fit together */
export function fromEmbeddedFiles(files: ReadonlyMap<string, Uint8Array>): EmbeddedChunks {
  const fileOf = (name: string): Buffer => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new EmbeddedChunksError(`${name} is missing`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const embedding = parseWith(Embedding, JSON.parse(fileOf("embedding.json").toString()), "embedding.json");
  const { dimensions } = embedding;
  const lines = fileOf("chunks.jsonl").toString().split("\n").slice(0, -1);
  const chunks = lines.map((line, i) => parseWith(Chunk, JSON.parse(line), `chunk ${i} of chunks.jsonl`));
  const values = fileOf("vectors.f32");
  if (values.byteLength !== chunks.length * dimensions * 4) {
    throw new EmbeddedChunksError(
      `vectors.f32 has ${values.byteLength} bytes for ${chunks.length} chunks of ${dimensions}`,
    );
  }
  const vectors = chunks.map((_, row) =>
    Float32Array.from({ length: dimensions }, (_, column) => values.readFloatLE((row * dimensions + column) * 4)),
  );
  const { embedder, documentIds } = embedding;
  return { embedder, dimensions, documentIds, chunks, vectors };
}
