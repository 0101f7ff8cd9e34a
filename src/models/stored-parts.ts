/**
 * The parts of Llama's forward pass for a model that only runs: every weight is declared by its name and handed to
 * whoever keeps the bytes, as 32-bit floats or matrices as 8-bit integers.
 */

import { type Graph, type GraphTensor, linear, type OnnxWeight } from "../tensor/index.ts";
import { BLOCK, toInt8Blocks } from "./int8-blocks.ts";
import { type LlamaConfig, llamaTensors, projectionModule } from "./llama-config.ts";
import { type LlamaParts, plainParts } from "./llama-graph.ts";
import { type Weights, weightOf } from "./llama-weights.ts";

/** How weights are held: as 32-bit floats, or matrices as 8-bit integers with a scale for 32 numbers. */
export type WeightPrecision = "float32" | "int8";

/** Takes a weight's declaration and its bytes; called once a weight. */
export type KeepWeight = (weight: Omit<OnnxWeight, "data">, bytes: Uint8Array) => void;

/** The parts of the forward pass, and the head: hidden [N, D] to logits [N, V]. */
export interface StoredParts extends LlamaParts {
  head(x: GraphTensor): GraphTensor;
}

/** The parts over `weights`, of which `keep` is given what the graph uses. */
export function storedParts(
  graph: Graph,
  { config, weights, precision }: { config: LlamaConfig; weights: Weights; precision: WeightPrecision },
  keep: KeepWeight,
): StoredParts {
  const shapes = llamaTensors(config);
  const declared = new Map<string, GraphTensor>();
  const declare = (weight: Omit<OnnxWeight, "data">, bytes: () => Float32Array | Uint8Array): GraphTensor => {
    const known = declared.get(weight.name);
    if (known) return known;
    declared.set(weight.name, weight);
    const array = bytes();
    keep(weight, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return weight;
  };
  const weight = (name: string): GraphTensor => {
    const shape = shapes[name] ?? [];
    return declare({ name, shape, type: "float32" }, () => weightOf(weights, name, shape));
  };
  const multiply = (x: GraphTensor, name: string): GraphTensor => {
    if (precision === "float32") return linear(graph, x, weight(name));
    const [rows = 0, columns = 0] = shapes[name] ?? [];
    const blocks = Math.ceil(columns / BLOCK);
    let made: ReturnType<typeof toInt8Blocks> | undefined;
    const quantized = () => (made ??= toInt8Blocks(weightOf(weights, name, [rows, columns]), columns));
    const values = { name: `${name} int8`, shape: [rows, blocks, BLOCK], type: "uint8" } as const;
    const scales = { name: `${name} scales`, shape: [rows * blocks], type: "float32" } as const;
    const inputs = [x, declare(values, () => quantized().values), declare(scales, () => quantized().scales)];
    const [y = x] = graph.node("MatMulNBits", inputs, {
      shapes: [[x.shape[0] ?? 0, rows]],
      attributes: { K: columns, N: rows, bits: 8, block_size: BLOCK, accuracy_level: 4 },
    });
    return y;
  };
  return {
    ...plainParts(graph, weight),
    project: (x, layer, projection) => multiply(x, `${projectionModule(layer, projection)}.weight`),
    head: (x) => multiply(x, config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight"),
  };
}
