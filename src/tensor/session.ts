/**
 * Runs a compiled graph on ONNX Runtime. Inputs and outputs are arrays that are allocated once: the caller fills the
 * inputs, runs, and reads the outputs in place.
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { SessionError } from "./errors.ts";
import type { CompiledGraph, GraphTensor } from "./graph.ts";
import { sizeOf } from "./ops/primitives.ts";

/** The element arrays of float32, int32, int8 and int64 tensors. */
export type TensorArray = Float32Array | Int32Array | Int8Array | BigInt64Array;

/** A compiled graph that is ready to run, and the memory that it reads and writes. */
export interface TensorSession {
  /** The array of an input: fill it before `run`. */
  input<T extends TensorArray>(name: string, kind: new (length: number) => T): T;
  /** The array of an output: each `run` overwrites it. */
  output<T extends TensorArray>(name: string, kind: new (length: number) => T): T;
  run(): Promise<void>;
  close(): Promise<void>;
}

/** How a graph is run. */
export interface SessionOptions {
  /** Threads of one operation; ONNX Runtime's pool sleeps between runs. Default 2. */
  readonly threads?: number;
  /** Arrays to use for inputs by name, so that sessions can read the same memory. */
  readonly inputs?: Readonly<Record<string, TensorArray>>;
}

/** Where a session's inputs and outputs live. */
export interface SessionMemory {
  readonly inputs: ReadonlyMap<string, TensorArray>;
  readonly outputs: ReadonlyMap<string, TensorArray>;
}

/** Opens a compiled graph in the calling thread, whose event loop stands still during `run`. */
export async function openSession(graph: CompiledGraph, options: SessionOptions = {}): Promise<TensorSession> {
  const memory = allocate(graph, options);
  const session = await openOnMemory(graph, memory, options.threads ?? 2);
  return { ...arraysOf(memory), run: session.run, close: session.close };
}

/** Opens a compiled graph over memory that exists. */
export async function openOnMemory(
  graph: CompiledGraph,
  memory: SessionMemory,
  threads: number,
): Promise<Pick<TensorSession, "run" | "close">> {
  const session = await InferenceSession.create(graph.model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      session: { intra_op: { allow_spinning: "0" } },
      // What a checkpoint computes again must not be merged with what it was computed from.
      optimization: { disable_specified_optimizers: "CommonSubexpressionElimination" },
    },
  });
  const feeds = tensors(graph.inputs, memory.inputs);
  const fetches = tensors(graph.outputs, memory.outputs);
  return {
    async run() {
      await session.run(feeds, fetches);
    },
    close: () => session.release(),
  };
}

/** Shared memory for every input and output that `options` brings no array for. */
export function allocate(graph: CompiledGraph, options: SessionOptions): SessionMemory {
  const array = ({ shape, type }: GraphTensor): TensorArray => {
    if (type === "float32") return new Float32Array(new SharedArrayBuffer(4 * sizeOf(shape)));
    if (type === "int32") return new Int32Array(new SharedArrayBuffer(4 * sizeOf(shape)));
    if (type === "int8") return new Int8Array(new SharedArrayBuffer(sizeOf(shape)));
    return new BigInt64Array(new SharedArrayBuffer(8 * sizeOf(shape)));
  };
  return {
    inputs: new Map(graph.inputs.map((tensor) => [tensor.name, options.inputs?.[tensor.name] ?? array(tensor)])),
    outputs: new Map(graph.outputs.map((tensor) => [tensor.name, array(tensor)])),
  };
}

/** The typed readers of a session's memory. */
export function arraysOf(memory: SessionMemory): Pick<TensorSession, "input" | "output"> {
  const pick = (side: keyof SessionMemory) =>
    function pickArray<T extends TensorArray>(name: string, kind: new (length: number) => T): T {
      const array = memory[side].get(name);
      if (array instanceof kind) return array;
      const known = [...memory[side].keys()].join(", ");
      throw new SessionError(`it has no ${kind.name} among its ${side} named ${name} (it has ${known})`);
    };
  return { input: pick("inputs"), output: pick("outputs") };
}

function tensors(values: readonly GraphTensor[], arrays: ReadonlyMap<string, TensorArray>): Record<string, Tensor> {
  return Object.fromEntries(
    values.map(({ name, shape }) => {
      const array = arrays.get(name);
      if (array instanceof Float32Array) return [name, new Tensor("float32", array, shape)];
      if (array instanceof Int32Array) return [name, new Tensor("int32", array, shape)];
      if (array instanceof Int8Array) return [name, new Tensor("int8", array, shape)];
      return [name, new Tensor("int64", array ?? new BigInt64Array(), shape)];
    }),
  );
}
