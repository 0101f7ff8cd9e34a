import { describe, expect, it } from "vitest";
import { fromFloats, parseSafetensors, type StoredTensor, toFloats, toSafetensors } from "./safetensors.ts";

const numbers = Float32Array.of(1, -2.5, 0.1, 65504, 1e-7, 0);
const int8: StoredTensor = { dtype: "I8", shape: [3], bytes: new Uint8Array(Int8Array.of(-128, 0, 127).buffer) };

/** A file by the format's own description: header length, header, data. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** The entry of 8-bit integers from one byte of the data to another. */
function bytesAt(start: number, end: number) {
  return { dtype: "I8", shape: [end - start], data_offsets: [start, end] };
}

describe("safetensors", () => {
  it("gives back what was written, with its metadata, in every element type", () => {
    const tensors = new Map([
      ["b.int8", int8],
      ["a.f32", fromFloats(numbers, [2, 3])],
      ["a.f16", fromFloats(numbers, [6], "F16")],
      ["a.bf16", fromFloats(numbers, [6], "BF16")],
      ["empty", fromFloats(new Float32Array(), [0, 4])],
    ]);
    const file = parseSafetensors(toSafetensors(tensors, { format: "pt" }), "x");
    expect(file.metadata).toEqual({ format: "pt" });
    expect([...file.tensors.keys()]).toEqual(["a.f32", "empty", "a.bf16", "a.f16", "b.int8"]);
    for (const [name, tensor] of tensors) expect(file.tensors.get(name)).toEqual(tensor);
  });

  it("reads a file that is laid out by hand", () => {
    const data = new Uint8Array(Float32Array.of(1, 2).buffer);
    const file = fileOf({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8] }, __metadata__: { k: "v" } }, data);
    // An odd place in a larger buffer: views of 32-bit floats would not be allowed there.
    const shifted = Buffer.concat([Buffer.of(0), file]).subarray(1);
    const tensor = parseSafetensors(shifted, "x").tensors.get("w");
    expect(tensor && toFloats(tensor)).toEqual(Float32Array.of(1, 2));
  });

  it("rounds to the nearest value of a narrower type", () => {
    expect([...toFloats(fromFloats(numbers, [6], "F16"))]).toEqual([1, -2.5, 0.0999755859375, 65504, 2 ** -23, 0]);
    expect([...toFloats(fromFloats(numbers, [6], "BF16"))]).toEqual([
      1, -2.5, 0.10009765625, 65536, 1.0011717677116394e-7, 0,
    ]);
    expect(toFloats(fromFloats(Float32Array.of(Number.NaN), [1], "BF16"))[0]).toBeNaN();
    expect([...toFloats(int8)]).toEqual([-128, 0, 127]);
  });

  it("aligns the data to 8 bytes", () => {
    const content = toSafetensors(new Map([["x", int8]]));
    expect(new DataView(content.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  });

  it.each([
    ["a file without a header", Buffer.of(1, 2), "has 2 bytes"],
    ["a header longer than the file", fileOf({}).fill(9, 0, 2), "truncated or another format"],
    ["a header that is no JSON", fileOf("{oops"), "no JSON object"],
    ["a header that is a list", fileOf([1]), "no JSON object"],
    ["an entry without offsets", fileOf({ w: { dtype: "F32", shape: [1] } }), "the entry of w lacks"],
    ["an unknown element type", fileOf({ w: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }), "type F8_E4M3"],
    [
      "a size that is not the shape's",
      fileOf({ w: { dtype: "F32", shape: [3], data_offsets: [0, 8] } }),
      "which is 12 bytes, and holds 8",
    ],
    [
      "data that ends too early",
      fileOf({ w: { dtype: "I8", shape: [3], data_offsets: [0, 3] } }, Buffer.of(1)),
      "ends at byte 3 of the data, and the file has 1",
    ],
    [
      "places that overlap",
      fileOf({ a: bytesAt(0, 4), b: bytesAt(3, 5) }, Buffer.alloc(5)),
      "b begins at byte 3 of the data, within a",
    ],
    [
      "places that leave a gap",
      fileOf({ a: bytesAt(0, 2), b: bytesAt(3, 5) }, Buffer.alloc(5)),
      "no tensor holds bytes 2 to 3",
    ],
    [
      "places that run backwards",
      fileOf({ a: { ...bytesAt(0, 2), data_offsets: [2, 0] } }, Buffer.alloc(2)),
      "and holds -2",
    ],
    ["bytes that belong to no tensor", fileOf({ a: bytesAt(0, 2) }, Buffer.alloc(5)), "3 bytes follow a, the last"],
  ])("refuses %s", (_what, content, message) => {
    expect(() => parseSafetensors(content, "model.safetensors")).toThrow(message);
    expect(() => parseSafetensors(content, "model.safetensors")).toThrow(
      expect.objectContaining({ code: "safetensors-invalid", fileName: "model.safetensors" }),
    );
  });
});
