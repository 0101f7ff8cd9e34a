/**
 * A graph of tensors under construction: every operation adds nodes and gives back the tensor that they make.
 * Nothing is computed here. The tape beside the nodes says how gradients flow back through each operation.
 */

import { ShapeError } from "./errors.ts";
import {
  type AttributeValue,
  type ElementType,
  encodeModel,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "./onnx-protobuf.ts";

/** A value in a graph: a name, a fixed shape and an element type. Holds no data. */
export interface GraphTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** One differentiable operation: from the gradient of its output, the gradients of its inputs, made only when asked for. */
export interface TapeEntry {
  readonly output: GraphTensor;
  readonly inputs: readonly GraphTensor[];
  readonly backward: Backward;
}

export type Backward = (outputGradient: GraphTensor) => readonly (() => GraphTensor)[];

/** A finished graph: the bytes of an ONNX model, with its inputs and outputs. */
export interface CompiledGraph {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/** What a node has beyond its inputs. `shapes` has one entry an output. */
export interface NodeOptions {
  readonly shapes: readonly (readonly number[])[];
  readonly type?: ElementType;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const MICROSOFT_OPS = new Set([
  "FusedMatMul",
  "GatherBlockQuantized",
  "GroupQueryAttention",
  "MatMulIntegerToFloat",
  "MatMulNBits",
  "QuickGelu",
  "RotaryEmbedding",
]);

/** Numbers that no tensor is long: they stand for lengths that are known only when a graph is run. */
const STAND_INS = [1_000_003, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 1_000_099, 1_000_117, 1_000_121];

/**
 * A graph under construction: `input` and `constant` begin it, operations grow it, `compile` ends it.
 * A graph can be compiled more than once, with other outputs.
 */
export class Graph {
  readonly tape: TapeEntry[] = [];
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxInitializer>();
  readonly #inputs: GraphTensor[] = [];
  readonly #differentiable = new Set<string>();
  readonly #dimensions = new Map<number, string>();
  readonly #made = new Map<string, GraphTensor>();
  #count = 0;

  /**
   * A length that is known only when the graph is run, as the number that stands for it in shapes. It may be the first
   * dimension of what is reshaped, and must not become part of another one.
   */
  dimension(name: string): number {
    const known = [...this.#dimensions].find(([, other]) => other === name);
    const length = known?.[0] ?? STAND_INS[this.#dimensions.size];
    if (length === undefined) throw new ShapeError("dimension", [], `at most ${STAND_INS.length} open dimensions`);
    this.#dimensions.set(length, name);
    return length;
  }

  /** A tensor that is fed at every run; equal names are one input. */
  input(name: string, shape: readonly number[], type: ElementType = "float32"): GraphTensor {
    const known = this.#inputs.find((input) => input.name === name);
    if (known && known.shape.join() !== shape.join()) {
      throw new ShapeError("input", [known, { name, shape }], "one shape for one name");
    }
    if (known) return known;
    const tensor = { name, shape, type };
    this.#inputs.push(tensor);
    return tensor;
  }

  /** A tensor whose elements are part of the model; equal names are one constant. */
  constant(name: string, shape: readonly number[], data: OnnxInitializer["data"]): GraphTensor {
    const tensor = { name, shape, type: elementTypeOf(data) };
    if (!this.#initializers.has(name)) this.#initializers.set(name, { ...tensor, data });
    return tensor;
  }

  /** A float constant without dimensions. */
  scalar(value: number): GraphTensor {
    return this.constant(`scalar ${value}`, [], Float32Array.of(value));
  }

  /** A list of 64-bit integers, as ONNX wants shapes, axes and sizes. */
  integers(values: readonly number[]): GraphTensor {
    return this.constant(`integers ${values.join(" ")}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** What `make` gives when the key is first asked for; it must put nothing on the tape. */
  once(key: string, make: () => GraphTensor): GraphTensor {
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made;
  }

  /** Adds one ONNX node and returns its outputs. */
  node(op: string, inputs: readonly GraphTensor[], options: NodeOptions): readonly GraphTensor[] {
    const type = options.type ?? "float32";
    const outputs = options.shapes.map((shape) => ({ name: `${op} ${this.#count++}`, shape, type }));
    this.#nodes.push({
      op,
      domain: MICROSOFT_OPS.has(op) ? "com.microsoft" : "",
      inputs: inputs.map((tensor) => tensor.name),
      outputs: outputs.map((tensor) => tensor.name),
      attributes: options.attributes ?? {},
    });
    return outputs;
  }

  /** Marks a tensor as one that gradients are wanted for; what is computed from it carries the mark on. */
  requireGradient(tensor: GraphTensor): void {
    this.#differentiable.add(tensor.name);
  }

  needsGradient(tensor: GraphTensor): boolean {
    return this.#differentiable.has(tensor.name);
  }

  /** Puts an operation on the tape, when a gradient must flow through it, and returns its output. */
  record(output: GraphTensor, inputs: readonly GraphTensor[], backward: Backward): GraphTensor {
    if (inputs.some((input) => this.needsGradient(input))) {
      this.requireGradient(output);
      this.tape.push({ output, inputs, backward });
    }
    return output;
  }

  /** The ONNX model that computes `outputs`, each under its given name. */
  compile(outputs: Readonly<Record<string, GraphTensor>>): CompiledGraph {
    const named = Object.entries(outputs).map(([name, tensor]) => ({ ...tensor, name }));
    const renames = Object.entries(outputs).map(([name, tensor]) => ({
      op: "Identity",
      domain: "",
      inputs: [tensor.name],
      outputs: [name],
      attributes: {},
    }));
    const model = encodeModel({
      nodes: [...this.#nodes, ...renames],
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs.map((value) => this.#declare(value)),
      outputs: named.map((value) => this.#declare(value)),
    });
    return { model, inputs: this.#inputs, outputs: named };
  }

  #declare({ shape, ...value }: GraphTensor): OnnxValue {
    return { ...value, shape: shape.map((length) => this.#dimensions.get(length) ?? length) };
  }
}

function elementTypeOf(data: OnnxInitializer["data"]): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Int8Array) return "int8";
  return data instanceof Uint8Array ? "uint8" : "int64";
}
