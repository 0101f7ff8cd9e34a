/**
 * Tensors: a graph of operations, its gradients as further operations, and sessions that run both on ONNX Runtime.
 * Build forwards, ask for gradients, compile once, run often.
 */

export { checkpoint, gradients } from "./autodiff.ts";
export { SessionError, ShapeError } from "./errors.ts";
export { flatGradient, flatParameters, flatSize, layOut } from "./flat-parameters.ts";
export { type CompiledGraph, Graph, type GraphTensor } from "./graph.ts";
export { type ElementType, encodeWeight, type OnnxWeight } from "./onnx-protobuf.ts";
export { attention, mergeHeads, splitHeads } from "./ops/attention.ts";
export { crossEntropy, logProbabilities } from "./ops/cross-entropy.ts";
export { type Dropout, fillNoise } from "./ops/dropout.ts";
export { embedding } from "./ops/embedding.ts";
export type { Int8Factor, Int8Matrix } from "./ops/int8-product.ts";
export { addBias, type LoraMatrices, linear, loraLinear, residual, type Weight } from "./ops/linear.ts";
export { primitives } from "./ops/primitives.ts";
export { rmsNorm } from "./ops/rms-norm.ts";
export { rope, ropeFrequencies } from "./ops/rope.ts";
export { swiglu } from "./ops/swiglu.ts";
export { openSession, type SessionOptions, type TensorArray, type TensorSession } from "./session.ts";
export { openThreadSession } from "./thread-session.ts";
