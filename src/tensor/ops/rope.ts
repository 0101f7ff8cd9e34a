/** Rotary position embedding: pairs of features are rotated by an angle that grows with the position. */

import { ShapeError } from "../errors.ts";
import type { Graph, GraphTensor } from "../graph.ts";

/** The angles a position of D features' D / 2 pairs: theta^(-2 i / D) for pair i. */
export function ropeFrequencies(size: number, theta: number): number[] {
  return Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));
}

/**
 * Rotates x [B, H, T, D] at positions 0 … T-1, pairing feature i with feature i + D/2 as Hugging Face's Llama does.
 *
 * @param frequencies  radians a position for each of the D / 2 pairs
 * @source Su et al., "RoFormer" (2021), §3.4.2; the half-split pairing is `rotate_half` in transformers' Llama
 */
export function rope(graph: Graph, x: GraphTensor, frequencies: readonly number[]): GraphTensor {
  const [, , time = 0, size = 0] = x.shape;
  if (x.shape.length !== 4 || size !== 2 * frequencies.length) {
    throw new ShapeError("rope", [x, { name: "frequencies", shape: [frequencies.length] }], "x [B, H, T, D] and D / 2");
  }
  const tables = rotationTables(graph, time, frequencies);
  const rotate = (input: GraphTensor, sine: GraphTensor): GraphTensor => {
    const inputs = [input, graph.constant("rope start", [1], BigInt64Array.of(0n)), tables.cosine, sine];
    const [output] = graph.node("RotaryEmbedding", inputs, { shapes: [x.shape] }) as readonly [GraphTensor]; // one shape
    return output;
  };
  // The transpose of a rotation is the rotation by the opposite angle.
  return graph.record(rotate(x, tables.sine), [x], (dy) => [() => rotate(dy, tables.negativeSine)]);
}

function rotationTables(graph: Graph, time: number, frequencies: readonly number[]) {
  const half = frequencies.length;
  const table = (name: string, value: (angle: number) => number): GraphTensor => {
    const angles = Float32Array.from({ length: time * half }, (_, i) =>
      value(Math.floor(i / half) * (frequencies[i % half] ?? 0)),
    );
    return graph.constant(`rope ${name} ${time} ${frequencies.join(" ")}`, [time, half], angles);
  };
  return {
    cosine: table("cosine", Math.cos),
    sine: table("sine", Math.sin),
    negativeSine: table("negative sine", (angle) => -Math.sin(angle)),
  };
}
