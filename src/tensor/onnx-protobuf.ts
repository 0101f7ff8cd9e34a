/**
 * Writes an ONNX model: the few protobuf messages that a graph of tensors needs, encoded by hand.
 * A message is a list of fields; a field is a number, a wire type and a value.
 *
 * @source onnx/onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

export type ElementType = "float32" | "int32" | "int64" | "bool" | "uint8" | "int8" | "float16";

export type AttributeValue = number | { readonly float: number } | readonly number[] | string;

export interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface OnnxValue {
  readonly name: string;
  /** Lengths; a name where a length is known only when the graph is run. */
  readonly shape: readonly (number | string)[];
  readonly type: ElementType;
}

/** A constant of the graph; `data` holds the elements in row-major order. */
export interface OnnxInitializer extends OnnxValue {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Int8Array | Uint8Array | BigInt64Array;
}

/** A constant that is not part of `encodeModel`'s bytes: a piece to put behind them. */
export interface OnnxWeight extends OnnxValue {
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  /** Where the elements lie when not in the model: in a file beside it, which ONNX Runtime may also be handed in memory. */
  readonly beside?: { readonly file: string; readonly offset: number };
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const IR_VERSION = 8;
const OPSET_VERSION = 18;
const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
/** `data_location` of a constant whose elements lie in another file. */
const EXTERNAL = 1;

/** A piece of a message; nested pieces are joined once, at the end, so that weights are copied once. */
type Piece = readonly Uint8Array[];

/** The bytes of a ModelProto, opset 18 with ONNX Runtime's `com.microsoft` operators. */
export function encodeModel(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graphProto = [
    ...graph.nodes.flatMap((node) => message(1, encodeNode(node))),
    ...text(2, "trilith"),
    ...graph.initializers.flatMap((initializer) => message(5, encodeInitializer(initializer))),
    ...graph.inputs.flatMap((value) => message(11, encodeValue(value))),
    ...graph.outputs.flatMap((value) => message(12, encodeValue(value))),
  ];
  return join([
    ...integer(1, IR_VERSION),
    ...text(2, "trilith"),
    ...message(7, graphProto),
    ...message(8, [...text(1, ""), ...integer(2, OPSET_VERSION)]),
    ...message(8, [...text(1, "com.microsoft"), ...integer(2, 1)]),
  ]);
}

/**
 * The bytes of one more constant, to be written behind those of `encodeModel`: protobuf joins messages that follow one
 * another, so that a model of any size is written weight by weight. The elements come next, where they do not lie beside.
 *
 * @source https://protobuf.dev/programming-guides/encoding, "Last One Wins": embedded messages are merged
 */
export function encodeWeight({ name, shape, type, sizeBytes, beside }: OnnxWeight): Uint8Array {
  const head = [...shape.flatMap((size) => integer(1, size)), ...integer(2, DATA_TYPE[type]), ...text(8, name)];
  if (!beside) {
    const tensor = [...head, ...message(9, [], sizeBytes)];
    return join(message(7, message(5, tensor, sizeBytes), sizeBytes));
  }
  const entries = { location: beside.file, offset: `${beside.offset}`, length: `${sizeBytes}` };
  const places = Object.entries(entries).flatMap(([key, value]) => message(13, [...text(1, key), ...text(2, value)]));
  return join(message(7, message(5, [...head, ...places, ...integer(14, EXTERNAL)])));
}

function encodeNode(node: OnnxNode): Piece {
  return [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...text(4, node.op),
    ...Object.entries(node.attributes).flatMap(([name, value]) => message(5, encodeAttribute(name, value))),
    ...text(7, node.domain),
  ];
}

function encodeAttribute(name: string, value: AttributeValue): Piece {
  const type = (code: number): Piece => integer(20, code);
  if (typeof value === "number") return [...text(1, name), ...integer(3, value), ...type(ATTRIBUTE_TYPE.int)];
  if (typeof value === "string") return [...text(1, name), ...text(4, value), ...type(ATTRIBUTE_TYPE.string)];
  if ("float" in value) return [...text(1, name), ...float(2, value.float), ...type(ATTRIBUTE_TYPE.float)];
  return [...text(1, name), ...value.flatMap((each) => integer(8, each)), ...type(ATTRIBUTE_TYPE.ints)];
}

function encodeInitializer({ name, shape, type, data }: OnnxInitializer): Piece {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [
    ...shape.flatMap((size) => integer(1, size)),
    ...integer(2, DATA_TYPE[type]),
    ...text(8, name),
    ...message(9, [raw]),
  ];
}

function encodeValue({ name, shape, type }: OnnxValue): Piece {
  const dimensions = shape.flatMap((size) => message(1, typeof size === "number" ? integer(1, size) : text(2, size)));
  const tensorType = [...integer(1, DATA_TYPE[type]), ...message(2, dimensions)];
  return [...text(1, name), ...message(2, message(1, tensorType))];
}

/** A field of bytes; `following` more of it are written by the caller, behind what this gives. */
function message(field: number, pieces: Piece, following = 0): Piece {
  return [varint(field * 8 + BYTES), varint(sizeOf(pieces) + following), ...pieces];
}

function text(field: number, value: string): Piece {
  return message(field, [new TextEncoder().encode(value)]);
}

function integer(field: number, value: number): Piece {
  return [varint(field * 8 + VARINT), varint(value)];
}

function float(field: number, value: number): Piece {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [varint(field * 8 + FIXED32), bytes];
}

/** Base-128 digits, lowest first; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    digits.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Uint8Array.from([...digits, Number(rest)]);
}

function sizeOf(pieces: Piece): number {
  return pieces.reduce((size, piece) => size + piece.byteLength, 0);
}

function join(pieces: Piece): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(sizeOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    result.set(piece, offset);
    offset += piece.byteLength;
  }
  return result;
}
