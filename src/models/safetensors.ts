/**
 * Reads and writes safetensors: named arrays behind a JSON header, the file format of Hugging Face checkpoints.
 * A tensor is kept as the bytes of its file, so that rewriting a file loses nothing; `toFloats` widens it.
 *
 * @source https://github.com/huggingface/safetensors, "Format"
 */

import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { SafetensorsError } from "./errors.ts";

/** The format's own limit, against files that only seem to be of it. */
const LONGEST_HEADER = 100_000_000;
const ELEMENT_BYTES = { F32: 4, F16: 2, BF16: 2, I8: 1 } as const;

export type SafetensorsDtype = keyof typeof ELEMENT_BYTES;

/** A tensor as stored: little-endian elements in row-major order. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const Metadata = z.record(z.string(), z.string());
const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
type Entry = z.output<typeof Entry>;

/**
 * Reads the content of a file; the tensors are views of `content`, not copies.
 *
 * @param fileName  names the file in errors
 * @throws {SafetensorsError} (`safetensors-invalid`) for a truncated file, a broken header, an element type other than
 *   F32, F16, BF16 and I8, sizes that do not fit their shapes, or places that overlap or leave gaps
 */
export function parseSafetensors(content: Uint8Array, fileName: string): SafetensorsFile {
  const fail = (problem: string): never => {
    throw new SafetensorsError(fileName, problem);
  };
  if (content.byteLength < 8) fail(`it has ${content.byteLength} bytes, and the length of the header alone takes 8`);
  const headerBytes = safetensorsHeaderBytes(content, { fileName, fileBytes: content.byteLength });
  const data = content.subarray(8 + headerBytes);
  const header = content.subarray(8, 8 + headerBytes);
  const { places, metadata } = parseSafetensorsHeader(header, { fileName, dataBytes: data.byteLength });
  const tensors = [...places].map(([name, { dtype, shape, start, end }]) => {
    return [name, { dtype, shape, bytes: data.subarray(start, end) }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}

/** Where a tensor lies in the data behind the header, in bytes. */
export interface TensorPlace extends Omit<StoredTensor, "bytes"> {
  readonly start: number;
  readonly end: number;
}

/**
 * The length of the header, from the first 8 bytes of a file of `fileBytes`.
 *
 * @throws {SafetensorsError} (`safetensors-invalid`) when the file is shorter than it says
 */
export function safetensorsHeaderBytes(
  first: Uint8Array,
  { fileName, fileBytes }: { fileName: string; fileBytes: number },
): number {
  const headerBytes = Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));
  if (headerBytes <= Math.min(fileBytes - 8, LONGEST_HEADER)) return headerBytes;
  const problem = `its header says ${headerBytes} bytes, and ${fileBytes - 8} are left: it is truncated or another format`;
  throw new SafetensorsError(fileName, problem);
}

/**
 * Reads a header: where each tensor lies in the `dataBytes` behind it.
 *
 * @throws {SafetensorsError} (`safetensors-invalid`) as `parseSafetensors`
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  { fileName, dataBytes }: { fileName: string; dataBytes: number },
): { places: ReadonlyMap<string, TensorPlace>; metadata: Readonly<Record<string, string>> } {
  const fail = (problem: string): never => {
    throw new SafetensorsError(fileName, problem);
  };
  const { __metadata__: metadata = {}, ...entries } = readHeader(bytes, fail);
  const places = Object.entries(entries).map(([name, value]) => {
    const entry = Entry.safeParse(value);
    if (!entry.success) return fail(`the entry of ${name} lacks dtype, shape or data_offsets`);
    return [name, readPlace(name, entry.data, { dataBytes, fail })] as const;
  });
  assertContiguous(places, { dataBytes, fail });
  return { places: new Map(places), metadata: Metadata.safeParse(metadata).data ?? {} };
}

/** The content of a file that holds the tensors: widest elements first, so that every tensor is aligned. */
export function toSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, { dtype: left }], [b, { dtype: right }]) =>
      ELEMENT_BYTES[right] - ELEMENT_BYTES[left] || (a < b ? -1 : a > b ? 1 : 0),
  );
  const pieces = [toSafetensorsHeader(new Map(ordered), metadata), ...ordered.map(([, { bytes }]) => bytes)];
  const content = new Uint8Array(pieces.reduce((size, piece) => size + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    content.set(piece, offset);
    offset += piece.byteLength;
  }
  return content;
}

/** The first bytes of a file that holds the tensors in their order; behind them come their elements, end to end. */
export function toSafetensorsHeader(
  tensors: ReadonlyMap<string, Omit<StoredTensor, "bytes">>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const start = end;
    end += shape.reduce((product, length) => product * length, ELEMENT_BYTES[dtype]);
    entries[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const json = JSON.stringify(entries);
  const header = Buffer.from(json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  return Buffer.concat([length, header]);
}

/** The elements as 32-bit floats: a copy, exact for every element type. */
export function toFloats({ dtype, bytes }: StoredTensor): Float32Array {
  // A new array, because `slice` of a Buffer would be a view at any alignment.
  const aligned = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case "F32":
      return new Float32Array(aligned);
    case "F16":
      return new Float32Array(new Float16Array(aligned));
    case "BF16":
      return fromBfloat16(new Uint16Array(aligned));
    case "I8":
      return new Float32Array(new Int8Array(aligned));
  }
}

/** Floats as a tensor to store, rounded to nearest even where the element type is narrower. */
export function fromFloats(
  values: Float32Array,
  shape: readonly number[],
  dtype: "F32" | "F16" | "BF16" = "F32",
): StoredTensor {
  const elements = { F32: () => values.slice(), F16: () => new Float16Array(values), BF16: () => toBfloat16(values) };
  return { dtype, shape, bytes: new Uint8Array(elements[dtype]().buffer) };
}

function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.slice().buffer);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) {
    const word = bits[i] as number; // one for each
    halves[i] = Number.isNaN(values[i]) ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return halves;
}

function fromBfloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (halves[i] as number) << 16; // one for each
  return new Float32Array(bits.buffer);
}

function readHeader(bytes: Uint8Array, fail: (problem: string) => never): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    return fail(`its header is no JSON object (${messageOf(error)})`);
  }
}

function readPlace(
  name: string,
  { dtype, shape, data_offsets: [start, end] }: Entry,
  { dataBytes, fail }: { dataBytes: number; fail: (problem: string) => never },
): TensorPlace {
  if (!isDtype(dtype))
    return fail(`${name} has elements of type ${dtype}; ${Object.keys(ELEMENT_BYTES).join(", ")} can be read`);
  const expected = shape.reduce((product, length) => product * length, ELEMENT_BYTES[dtype]);
  if (end - start !== expected) {
    return fail(`${name} is ${dtype} [${shape.join(", ")}], which is ${expected} bytes, and holds ${end - start}`);
  }
  if (end > dataBytes) {
    return fail(`${name} ends at byte ${end} of the data, and the file has ${dataBytes}: it is truncated`);
  }
  return { dtype, shape, start, end };
}

/** Tensors must fill the data from its first byte to its last, each behind another. */
function assertContiguous(
  places: readonly (readonly [string, TensorPlace])[],
  { dataBytes, fail }: { dataBytes: number; fail: (problem: string) => never },
): void {
  let [end, last] = [0, "the header"];
  for (const [name, place] of places.toSorted(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (place.start < end) fail(`${name} begins at byte ${place.start} of the data, within ${last}`);
    if (place.start > end) fail(`no tensor holds bytes ${end} to ${place.start} of the data, before ${name}`);
    [end, last] = [place.end, name];
  }
  if (end < dataBytes) fail(`${dataBytes - end} bytes follow ${last}, the last of its tensors`);
}

function isDtype(dtype: string): dtype is SafetensorsDtype {
  return Object.hasOwn(ELEMENT_BYTES, dtype);
}
