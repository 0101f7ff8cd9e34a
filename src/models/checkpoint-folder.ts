/**
 * The weights of a model's folder: one `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
 * Opening reads headers only. A weight is read when it is asked for, widened to 32-bit floats on shared memory, and
 * forgotten when nobody holds it: a model is never in memory more often than it is used.
 */

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { parseWith } from "../core/schema.ts";
import { assertScaled, fromInt8Tensor } from "./checkpoint-int8.ts";
import { BaseModelError, SafetensorsError } from "./errors.ts";
import { MissingWeightError } from "./llama-errors.ts";
import { assertFinite, type Weights } from "./llama-weights.ts";
import { readBaseJson } from "./model-folder.ts";
import { parseSafetensorsHeader, type StoredTensor, safetensorsHeaderBytes, toFloats } from "./safetensors.ts";

const WEIGHTS_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";
const HEADER_LENGTH_BYTES = 8;

/** The weights, and the files that they are in. */
export interface Checkpoint extends Weights {
  /** Paths, in order. */
  readonly files: readonly string[];
  /**
   * Compares names and shapes with those of a configuration; no weight is read.
   *
   * @throws {MissingWeightError} (`llama-weight-missing`) for the first weight that is absent or of another shape
   */
  check(shapes: Readonly<Record<string, readonly number[]>>): void;
}

/** A tensor's place in a file, from the file's start. */
interface Place extends Omit<StoredTensor, "bytes"> {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Opens the weights of a folder.
 *
 * @throws {BaseModelError} (`base-model-unreadable`) for a file that is missing: a shard as well
 * @throws {SafetensorsError} (`safetensors-invalid`) for a damaged file, elements of another type than F32, F16, BF16
 *   and I8, or I8 rows without their scales
 * @throws {WeightNotFiniteError} (`weight-not-finite`) by `get`, for a weight with NaN or an infinity
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const files = (await fileNames(folder)).map((name) => join(folder, name));
  const places = new Map((await Promise.all(files.map(readPlaces))).flat());
  for (const [name, tensor] of places) {
    if (tensor.dtype === "I8")
      assertScaled(name, { tensor, scales: places.get(`${name}_scale`), fileName: tensor.path });
  }
  const held = new Map<string, WeakRef<Float32Array>>();
  const read = (name: string, allocate: (sizeBytes: number) => ArrayBufferLike): Float32Array | undefined => {
    const tensor = places.get(name);
    if (!tensor) return undefined;
    const values = new Float32Array(allocate(4 * tensor.shape.reduce((product, length) => product * length, 1)));
    readWeight(name, values, { tensor, scales: places.get(`${name}_scale`) });
    assertFinite(values, name, tensor.path);
    return values;
  };
  return {
    files,
    get(name) {
      const known = held.get(name)?.deref();
      const weight = known ?? read(name, (sizeBytes) => new SharedArrayBuffer(sizeBytes));
      if (weight && !known) held.set(name, new WeakRef(weight));
      return weight;
    },
    read: (name) => held.get(name)?.deref() ?? read(name, (sizeBytes) => new ArrayBuffer(sizeBytes)),
    check(shapes) {
      for (const [name, shape] of Object.entries(shapes)) {
        const found = places.get(name)?.shape;
        if (found?.join() !== shape.join()) throw new MissingWeightError(name, shape, found);
      }
    },
  };
}

const Index = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

async function fileNames(folder: string): Promise<readonly string[]> {
  if (existsSync(join(folder, INDEX_FILE))) {
    const { weight_map } = parseWith(Index, await readBaseJson(folder, INDEX_FILE), join(folder, INDEX_FILE));
    return [...new Set(Object.values(weight_map))].sort();
  }
  if (existsSync(join(folder, WEIGHTS_FILE))) return [WEIGHTS_FILE];
  const other = (await readdir(folder).catch(() => [])).find((name) => /\.(?:bin|pth?|gguf|h5|msgpack)$/.test(name));
  const problem = other
    ? `there is only ${other}, which is not read here; save it with save_pretrained`
    : "there is none";
  throw new BaseModelError(join(folder, WEIGHTS_FILE), problem);
}

async function readPlaces(path: string): Promise<(readonly [string, Place])[]> {
  const file = await open(path).catch((error: unknown) => {
    throw new BaseModelError(path, messageOf(error), { cause: error });
  });
  try {
    const { size: fileBytes } = await file.stat();
    const first = new Uint8Array(HEADER_LENGTH_BYTES);
    const { bytesRead } = await file.read(first, 0, HEADER_LENGTH_BYTES, 0);
    if (bytesRead < HEADER_LENGTH_BYTES) throw new SafetensorsError(path, `it has ${bytesRead} bytes`);
    const header = new Uint8Array(safetensorsHeaderBytes(first, { fileName: path, fileBytes }));
    await file.read(header, 0, header.byteLength, HEADER_LENGTH_BYTES);
    const dataStart = HEADER_LENGTH_BYTES + header.byteLength;
    const { places } = parseSafetensorsHeader(header, { fileName: path, dataBytes: fileBytes - dataStart });
    return [...places].map(([name, { start, end, ...place }]) => {
      return [name, { ...place, path, start: dataStart + start, end: dataStart + end }] as const;
    });
  } finally {
    await file.close();
  }
}

/** Reads the numbers into `values`. Of the common types, no byte is held twice on the way. */
function readWeight(
  name: string,
  values: Float32Array,
  { tensor, scales }: { readonly tensor: Place; readonly scales: Place | undefined },
): void {
  const { buffer, length } = values;
  const memory = new Uint8Array(buffer);
  if (tensor.dtype === "F32") readInto(memory, tensor);
  else if (tensor.dtype === "BF16") {
    // The halves lie in the end of the memory and are widened from the front, which never reaches one that is unread.
    readInto(memory.subarray(2 * length), tensor);
    const [words, halves] = [new Uint32Array(buffer), new Uint16Array(buffer, 2 * length)];
    for (let i = 0; i < length; i++) words[i] = (halves[i] as number) << 16; // one half a word
  } else if (tensor.dtype === "I8") {
    const stored = { tensor: readTensor(tensor), scales: scales && readTensor(scales), fileName: tensor.path };
    values.set(fromInt8Tensor(name, stored));
  } else values.set(toFloats(readTensor(tensor)));
}

function readTensor(place: Place): StoredTensor {
  const bytes = new Uint8Array(place.end - place.start);
  readInto(bytes, place);
  return { dtype: place.dtype, shape: place.shape, bytes };
}

function readInto(bytes: Uint8Array, { path, start }: Place): void {
  const file = openSync(path, "r");
  try {
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(file, bytes, done, bytes.length - done, start + done);
      if (count === 0) {
        throw new SafetensorsError(path, `it ends at byte ${start + done}: it was cut since it was opened`);
      }
      done += count;
    }
  } finally {
    closeSync(file);
  }
}
