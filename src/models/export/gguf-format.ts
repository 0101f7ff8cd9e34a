/**
 * The GGUF container, version 3: typed metadata, then where each tensor lies, then the tensors at multiples of 32 bytes.
 *
 * @source ggml-org/ggml docs/gguf.md; ggml-org/llama.cpp gguf-py/gguf/constants.py
 */

const MAGIC = 0x46554747;
const VERSION = 3;
const ALIGNMENT = 32;
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/** How a tensor's elements are stored: the number that the file knows the type by, and the bytes of a block of elements. */
export const GGML_TYPES = {
  f32: { id: 0, blockElements: 1, blockBytes: 4 },
  f16: { id: 1, blockElements: 1, blockBytes: 2 },
  q8_0: { id: 8, blockElements: 32, blockBytes: 34 },
} as const;

export type GgmlType = keyof typeof GGML_TYPES;

/** A metadata value with its type. */
export type GgufValue =
  | { readonly type: "uint32" | "int32" | "float32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "array"; readonly of: "string"; readonly value: readonly string[] }
  | { readonly type: "array"; readonly of: "int32"; readonly value: readonly number[] };

/** A tensor's place in the file. */
export interface GgufTensor {
  readonly name: string;
  /** As PyTorch has it, the last dimension contiguous; the file lists it first. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
}

/** The bytes of a tensor's elements. */
export function ggufTensorBytes({ shape, type }: GgufTensor): number {
  const { blockElements, blockBytes } = GGML_TYPES[type];
  return (shape.reduce((product, length) => product * length, 1) / blockElements) * blockBytes;
}

/** Zeros that bring a position to the next place where data may begin. */
export function ggufPadding(position: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (position % ALIGNMENT)) % ALIGNMENT);
}

/** All that comes before the tensors' data, padded; each tensor is to be padded with `ggufPadding`, too. */
export function ggufHeader(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const parts: Uint8Array[] = [uint32(MAGIC), uint32(VERSION), uint64(tensors.length), uint64(metadata.size)];
  for (const [key, value] of metadata) parts.push(text(key), uint32(VALUE_TYPES[value.type]), ...encode(value));
  let offset = 0;
  for (const tensor of tensors) {
    const dimensions = tensor.shape.toReversed().map(uint64);
    const type = uint32(GGML_TYPES[tensor.type].id);
    parts.push(text(tensor.name), uint32(dimensions.length), ...dimensions, type, uint64(offset));
    offset += ggufTensorBytes(tensor);
    offset += ggufPadding(offset).byteLength;
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, ggufPadding(header.byteLength)]);
}

function encode(value: GgufValue): readonly Uint8Array[] {
  switch (value.type) {
    case "uint32":
      return [uint32(value.value)];
    case "int32":
      return [int32(value.value)];
    case "float32":
      return [new Uint8Array(Float32Array.of(value.value).buffer)];
    case "bool":
      return [Uint8Array.of(value.value ? 1 : 0)];
    case "string":
      return [text(value.value)];
    case "array": {
      const items = value.of === "string" ? value.value.map(text) : value.value.map(int32);
      return [uint32(VALUE_TYPES[value.of]), uint64(items.length), ...items];
    }
  }
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.byteLength), bytes]);
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function uint64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
