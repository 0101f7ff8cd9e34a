/**
 * The parts of Llama's forward pass for a model that only runs: every weight is declared by its name, and how its bytes
 * are made is noted, so that whoever writes the model makes them one weight at a time.
 */

import { type Graph, type GraphTensor, type OnnxWeight, primitives } from "../tensor/index.ts";
import { BLOCK, blocksOf, toInt8Blocks } from "./int8-blocks.ts";
import { type LlamaConfig, llamaTensors, projectionModule } from "./llama-config.ts";
import { type LlamaParts, plainParts } from "./llama-graph.ts";

const EMBEDDING = "model.embed_tokens.weight";

/** How weights are held: as 32-bit floats, or matrices as 8-bit integers with a scale for 32 numbers. */
export type WeightPrecision = "float32" | "int8";

/** Constants of a model that are made of one weight. */
export interface StoredWeight {
  /** The weight's name in the checkpoint. */
  readonly source: string;
  readonly shape: readonly number[];
  readonly constants: readonly OnnxWeight[];
  /** The bytes of each constant. */
  encode(values: Float32Array): readonly Uint8Array[];
}

/** The parts of the forward pass; the head: hidden [N, D] to logits [N, V]; and the weights that were used, in order. */
export interface StoredParts extends LlamaParts {
  head(x: GraphTensor): GraphTensor;
  readonly stored: readonly StoredWeight[];
}

/** The parts of a configuration, whose weights are declared as they are asked for. */
export function storedParts(graph: Graph, config: LlamaConfig, precision: WeightPrecision): StoredParts {
  const shapes = llamaTensors(config);
  const stored = new Map<string, StoredWeight>();
  const declare = (key: string, make: () => StoredWeight): readonly GraphTensor[] => {
    const known = stored.get(key) ?? make();
    stored.set(key, known);
    return known.constants;
  };
  const weight = (name: string): GraphTensor => {
    const [constant] = declare(name, () => asFloats(name, shapes[name] ?? [])) as [GraphTensor]; // one constant
    return constant;
  };
  const int8 = (name: string): readonly GraphTensor[] => {
    const [rows = 0, columns = 0] = shapes[name] ?? [];
    return declare(`${name} int8`, () => asInt8(name, [rows, columns]));
  };
  const multiply = (x: GraphTensor, name: string): GraphTensor => {
    const [rows = 0, columns = 0] = shapes[name] ?? [];
    const [op, inputs, attributes] =
      precision === "float32"
        ? (["Gemm", [x, weight(name)], { transB: 1 }] as const)
        : ([
            "MatMulNBits",
            [x, ...int8(name)],
            { K: columns, N: rows, bits: 8, block_size: BLOCK, accuracy_level: 4 },
          ] as const);
    const [y] = graph.node(op, inputs, { shapes: [[x.shape[0] ?? 0, rows]], attributes }) as readonly [GraphTensor]; // one shape
    return y;
  };
  const lookUp = (ids: GraphTensor): GraphTensor => {
    const [values, scales] = int8(EMBEDDING) as [GraphTensor, GraphTensor]; // as `asInt8` lists them
    const [rows = 0, blocks = 0] = values.shape;
    const apart = primitives.reshape(graph, scales, [rows, blocks, 1]);
    const [found] = graph.node("GatherBlockQuantized", [values, ids, apart], {
      shapes: [[ids.shape[0] ?? 0, blocks, BLOCK]],
      attributes: { bits: 8, block_size: BLOCK, gather_axis: 0, quantize_axis: 2 },
    }) as readonly [GraphTensor]; // one shape gives one output
    return primitives.reshape(graph, found, [ids.shape[0] ?? 0, blocks * BLOCK]);
  };
  return {
    ...plainParts(graph, weight),
    // A row's last block is filled up where it is not whole: such a table stays one of floats.
    ...(precision === "int8" && config.hidden_size % BLOCK === 0 ? { embed: lookUp } : {}),
    project: (x, layer, projection) => multiply(x, `${projectionModule(layer, projection)}.weight`),
    head: (x) => multiply(x, config.tie_word_embeddings ? EMBEDDING : "lm_head.weight"),
    get stored() {
      return [...stored.values()];
    },
  };
}

function asFloats(source: string, shape: readonly number[]): StoredWeight {
  const sizeBytes = shape.reduce((product, length) => product * length, 4);
  return {
    source,
    shape,
    constants: [{ name: source, shape, type: "float32", sizeBytes }],
    encode: (values) => [bytesOf(values)],
  };
}

function asInt8(source: string, shape: readonly [number, number]): StoredWeight {
  const [rows, columns] = shape;
  const blocks = blocksOf(columns);
  const values = { name: `${source} int8`, shape: [rows, blocks, BLOCK], type: "uint8" } as const;
  const scales = { name: `${source} scales`, shape: [rows * blocks], type: "float32" } as const;
  return {
    source,
    shape,
    constants: [
      { ...values, sizeBytes: rows * blocks * BLOCK },
      { ...scales, sizeBytes: 4 * rows * blocks },
    ],
    encode(floats) {
      const quantized = toInt8Blocks(floats, columns);
      return [quantized.values, bytesOf(quantized.scales)];
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
