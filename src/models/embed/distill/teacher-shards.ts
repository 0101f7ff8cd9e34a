/**
 * The teacher's vectors, which take most of the time, in files of a few thousand: what was computed before a stop is
 * read and not computed again. A file is written whole or not at all.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashJson } from "../../../core/hash.ts";

const SHARD = 4096;

/** What is encoded, by what, and where the files are. */
export interface TeacherShardsOptions {
  /** Of the work; files of another teacher or other passages are not used. */
  readonly folder: string;
  readonly teacher: string;
  readonly width: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The vectors of all items in order, [items, width]. */
export async function teacherVectors<T>(
  items: readonly T[],
  encode: (items: readonly T[]) => Promise<Float32Array[]>,
  { folder, teacher, width, onProgress, signal }: TeacherShardsOptions,
): Promise<Float32Array> {
  await mkdir(folder, { recursive: true });
  const result = new Float32Array(items.length * width);
  for (let start = 0; start < items.length; start += SHARD) {
    const part = items.slice(start, start + SHARD);
    const path = join(folder, `${shardName(teacher, part)}.f32`);
    if (!existsSync(path)) {
      const vectors = await encodeInSteps(part, encode, { start, total: items.length, onProgress, signal });
      await writeFile(`${path}.part`, Buffer.concat(vectors.map(({ buffer }) => Buffer.from(buffer))));
      await rename(`${path}.part`, path);
    }
    result.set(new Float32Array(new Uint8Array(await readFile(path)).buffer), start * width);
    onProgress?.(start + part.length, items.length);
  }
  return result;
}

/** By content, so that a file is found again whatever else has changed. */
export function shardName(teacher: string, items: readonly unknown[]): string {
  return hashJson([teacher, items]).slice(7, 31);
}

async function encodeInSteps<T>(
  part: readonly T[],
  encode: (items: readonly T[]) => Promise<Float32Array[]>,
  at: { start: number; total: number } & {
    onProgress: TeacherShardsOptions["onProgress"] | undefined;
    signal: AbortSignal | undefined;
  },
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let i = 0; i < part.length; i += 256) {
    at.signal?.throwIfAborted();
    vectors.push(...(await encode(part.slice(i, i + 256))));
    at.onProgress?.(at.start + vectors.length, at.total);
    await new Promise(setImmediate); // lets Ctrl-C be heard
  }
  return vectors;
}
