/**
 * NumPy's .npy format, version 1: a header that says type and shape, then the numbers in row-major order.
 * Python reads it with `numpy.load`.
 *
 * @source numpy/lib/format.py, "Format Version 1.0"
 */

import { endianness } from "node:os";
import { ContentUnreadableError } from "./errors.ts";

const CONSTRUCTORS = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
} as const;

type Dtype = keyof typeof CONSTRUCTORS;

/** Numbers of one type that NumPy also has. */
export type NumericData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Numbers with a shape, in row-major order: the last index moves fastest. The empty shape is one number. */
export interface NdArray<T extends NumericData = NumericData> {
  readonly shape: readonly number[];
  readonly data: T;
}

const DTYPES = Object.keys(CONSTRUCTORS) as Dtype[]; // the keys of a constant
const MAGIC = Buffer.from("\x93NUMPY\x01\x00", "latin1");
/** Of magic, version and the header's length. */
const PREFIX_BYTES = 10;
const ALIGNMENT = 64;
const BYTE_ORDER = endianness() === "LE" ? "<" : ">";

/** NumPy's name of the type, for example `f4`; `undefined` for what is no array of numbers that NumPy has. */
export function dtypeOf(data: unknown): Dtype | undefined {
  return DTYPES.find((dtype) => data instanceof CONSTRUCTORS[dtype]);
}

/** How many numbers a shape has room for. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The file's bytes. `dtype` is that of `data`, whose length is that of `shape`. */
export function toNpy({ shape, data }: NdArray, dtype: Dtype): Uint8Array {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${descrOf(dtype)}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const whole = Math.ceil((PREFIX_BYTES + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(whole - PREFIX_BYTES);
  const padded = Buffer.from(`${header.padEnd(whole - PREFIX_BYTES - 1)}\n`, "latin1");
  return Buffer.concat([MAGIC, length, padded, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

/** What a file holds. @throws {ContentUnreadableError} (`artifact-content-unreadable`) for what is none, or another version or order */
export function fromNpy(content: Uint8Array): NdArray {
  const file = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (file.length < PREFIX_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged("it does not begin as version 1 does");
  }
  const start = PREFIX_BYTES + file.readUInt16LE(MAGIC.length);
  const { dtype, shape } = parseHeader(file.toString("latin1", PREFIX_BYTES, start));
  const Numbers = CONSTRUCTORS[dtype];
  const expected = countOf(shape) * Numbers.BYTES_PER_ELEMENT;
  if (file.length - start !== expected) {
    throw damaged(`it has ${Math.max(0, file.length - start)} bytes of numbers and its header says ${expected}`);
  }
  return { shape, data: new Numbers(new Uint8Array(file.subarray(start)).buffer) }; // a copy begins where it must
}

function parseHeader(header: string): { dtype: Dtype; shape: number[] } {
  const descr = /'descr': *'([^']*)'/.exec(header)?.[1];
  const shape = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  const dtype = DTYPES.find((each) => descrOf(each) === descr);
  if (dtype === undefined || shape === undefined) throw damaged(`its header is ${JSON.stringify(header.trim())}`);
  if (!/'fortran_order': *False/.test(header)) throw damaged("its numbers are in column-major order");
  return { dtype, shape: (shape.match(/\d+/g) ?? []).map(Number) };
}

const descrOf = (dtype: Dtype): string => `${dtype.endsWith("1") ? "|" : BYTE_ORDER}${dtype}`;

const damaged = (reason: string): ContentUnreadableError =>
  new ContentUnreadableError("typedArray", "a .npy file of version 1", reason);
