import { describe, expect, expectTypeOf, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { createStore, describeMaterializer } from "./materializer.contract.ts";
import type { Materializer } from "./materializer.ts";
import { dtypeOf, type NdArray, type NumericData, toNpy } from "./npy.ts";
import { typedArray } from "./typed-array.ts";

/** Arrays of every type and some shapes, with random bits: NaN, infinities and the bounds of integers are among them. */
function randomArrays(): NdArray[] {
  const random = createRandom(3);
  const classes = [
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
  ];
  const shapes = [[], [0], [5], [0, 4], [20, 15], [2, 3, 4]];
  return [...classes, Float32Array, Float64Array].flatMap((each) =>
    shapes.map((shape): NdArray => {
      const count = shape.reduce((product, size) => product * size, 1);
      const bits = Uint8Array.from({ length: count * each.BYTES_PER_ELEMENT }, () => random.integer(256));
      return { shape, data: new each(bits.buffer) };
    }),
  );
}

const bitsOf = ({ shape, data }: NdArray): unknown => [
  shape,
  data.constructor.name,
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
];

const npy = (header: string, numbers = ""): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length + 1);
  return Buffer.concat([
    Buffer.from("\u0093NUMPY\u0001\u0000", "latin1"),
    length,
    Buffer.from(`${header}\n${numbers}`),
  ]);
};

describeMaterializer<NdArray>("typedArray", {
  materializer: typedArray(),
  values: randomArrays,
  comparable: bitsOf,
  damaged: [
    new Uint8Array(),
    Buffer.from("not an array of numbers"),
    toNpy({ shape: [2], data: Float32Array.of(1, 2) }, "f4").subarray(0, -1),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"),
    npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "1234"),
    npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "1234"),
    npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "1234"),
  ],
  refused: [
    [1, 2],
    null,
    Float32Array.of(1),
    { shape: [2], data: [1, 2] },
    { shape: [2], data: new Uint8ClampedArray(2) },
    { shape: [2], data: new DataView(new ArrayBuffer(2)) },
    { shape: [3], data: Float32Array.of(1) },
    { shape: [-1, -1], data: Float32Array.of(1) },
    { shape: [0.5, 2], data: Float32Array.of(1) },
    { data: Float32Array.of(1) },
  ],
});

/** What NumPy 2.4 writes with `numpy.lib.format.write_array(file, array, version=(1, 0))`. */
const NUMPY: readonly (readonly [string, NdArray])[] = [
  [
    `934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d${"20".repeat(58)}0a000000000000803f0000004000004040000080400000a040`,
    { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  ],
  [
    `934e554d5059010076007b276465736372273a20273c6938272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c292c207d${"20".repeat(60)}0affffffffffffffff0000000000010000`,
    { shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
  ],
  [
    `934e554d5059010076007b276465736372273a20273c6638272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028292c207d${"20".repeat(62)}0a0000000000000c40`,
    { shape: [], data: Float64Array.of(3.5) },
  ],
  [
    `934e554d5059010076007b276465736372273a20277c7531272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028302c2034292c207d${"20".repeat(58)}0a`,
    { shape: [0, 4], data: new Uint8Array() },
  ],
];

describe("typed arrays", () => {
  it.each(NUMPY)("writes what NumPy writes, and reads it", async (hex, array) => {
    expect(Buffer.from(toNpy(array, dtypeOf(array.data) ?? "f8")).toString("hex")).toBe(hex);
    expect(bitsOf(await typedArray().load(Buffer.from(hex, "hex"), createStore()))).toEqual(bitsOf(array));
  });

  it("reads what begins anywhere in a buffer, and changes no more with it", async () => {
    const file = Buffer.concat([Buffer.from("odd"), toNpy({ shape: [2], data: Float64Array.of(1, 2) }, "f8")]);
    const { data } = await typedArray().load(file.subarray(3), createStore());
    file.fill(0);
    expect([...data]).toEqual([1, 2]);
  });

  it("shows type, shape and range, and counts what is not finite", async () => {
    const preview = async (shape: readonly number[], data: NumericData): Promise<unknown> =>
      (await typedArray().save({ shape, data }, createStore(), "it")).preview;
    expect(await preview([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))).toEqual({
      dtype: "f4",
      shape: [2, 3],
      min: 1,
      max: 6,
      mean: 3.5,
    });
    expect(await preview([2], BigUint64Array.of(1n, 3n))).toEqual({ dtype: "u8", shape: [2], min: 1, max: 3, mean: 2 });
    expect(await preview([4], Float64Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY))).toMatchObject({
      max: 3,
      mean: 2,
      nonFinite: 2,
    });
    expect(await preview([0], new Float32Array())).toEqual({ dtype: "f4", shape: [0] });
  });

  it("has the type of the numbers", () => {
    expectTypeOf(typedArray<BigInt64Array>()).toEqualTypeOf<Materializer<NdArray<BigInt64Array>>>();
  });
});
