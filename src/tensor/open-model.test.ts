/** Models of any length and size: lengths that each run decides, weights written behind the graph or left outside. */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { Graph } from "./graph.ts";
import { encodeWeight } from "./onnx-protobuf.ts";
import { linear } from "./ops/linear.ts";
import { reshape } from "./ops/primitives.ts";

const WEIGHT = Float32Array.of(1, 2, 3, 4);
const bytes = new Uint8Array(WEIGHT.buffer);

/** y [N, 2] = x [N, 2] wᵀ for any N; `w` is to be had elsewhere. */
function openModel(): Uint8Array {
  const graph = new Graph();
  const rows = graph.dimension("rows");
  expect(graph.dimension("rows")).toBe(rows);
  const x = reshape(graph, reshape(graph, graph.input("x", [rows, 2]), [rows, 1, 2]), [rows, 2]);
  return graph.compile({ y: linear(graph, x, { name: "w", shape: [2, 2], type: "float32" }) }).model;
}

async function rowsOf(session: InferenceSession, x: readonly number[]): Promise<readonly number[]> {
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.from(x), [x.length / 2, 2]) });
  await session.release();
  return [...((y?.data as Float32Array) ?? [])]; // float32 as declared
}

it("runs on as many rows as it is given, with a weight that is written behind the graph", async () => {
  const place = encodeWeight({ name: "w", shape: [2, 2], type: "float32", sizeBytes: 16 });
  const session = await InferenceSession.create(Buffer.concat([openModel(), place, bytes]));
  expect(await rowsOf(session, [1, 0, 0, 1, 1, 1])).toEqual([1, 3, 2, 4, 3, 7]);
});

it("reads a weight from memory that stands for a file", async () => {
  const beside = { file: "weights", offset: 4 };
  const place = encodeWeight({ name: "w", shape: [2, 2], type: "float32", sizeBytes: 16, beside });
  const file = Buffer.concat([Buffer.alloc(4), bytes]);
  const session = await InferenceSession.create(Buffer.concat([openModel(), place]), {
    externalData: [{ path: "weights", data: file }],
  });
  expect(await rowsOf(session, [1, 1])).toEqual([3, 7]);
});
