/** AdamW: steps scaled by running moments of the gradient, with weight decay apart from them. */

import type { ParameterTensor } from "../contracts/models.ts";
import { type Optimizer, restoreArrays, sizeOf } from "./optimizer.ts";

/** The settings of AdamW, named and defaulted as in PyTorch, but without decay unless asked for. */
export interface AdamWOptions {
  readonly learningRate: number;
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Applied to tensors of two and more dimensions only: gains are not drawn to zero. Default 0. */
  readonly weightDecay?: number;
}

/**
 * AdamW over the tensors of `layout`, which may be a part of the parameters; the others stay as they are.
 *
 * @source Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2
 */
export function createAdamW(layout: readonly ParameterTensor[], options: AdamWOptions): Optimizer {
  const [beta1, beta2] = options.betas ?? [0.9, 0.999];
  const epsilon = options.epsilon ?? 1e-8;
  const size = layout.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  const arrays = { first: new Float32Array(size), second: new Float32Array(size) };
  let step = 0;
  return {
    async update(parameters, gradient, factor) {
      step++;
      const rate = options.learningRate * factor;
      const settings = {
        beta1,
        beta2,
        rate: rate / (1 - beta1 ** step),
        correction: 1 / (1 - beta2 ** step),
        epsilon,
      };
      let at = 0;
      for (const tensor of layout) {
        const length = sizeOf(tensor);
        const [p, g] = [parameters, gradient].map((flat) => flat.subarray(tensor.offset, tensor.offset + length));
        const [m, v] = [arrays.first, arrays.second].map((flat) => flat.subarray(at, at + length));
        const keep = tensor.shape.length > 1 ? 1 - rate * (options.weightDecay ?? 0) : 1;
        if (p && g && m && v) descend({ p, g, m, v }, { ...settings, keep });
        at += length;
      }
    },
    state: () => ({ step, arrays }),
    restore(saved) {
      restoreArrays(arrays, saved.arrays);
      step = saved.step;
    },
    close: async () => undefined,
  };
}

interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  /** Learning rate over the first moment's bias. */
  readonly rate: number;
  /** 1 over the second moment's bias. */
  readonly correction: number;
  readonly epsilon: number;
  /** What weight decay leaves of a parameter. */
  readonly keep: number;
}

/** p parameters, g gradient, m first and v second moment, all of one length. */
type AdamArrays = Readonly<Record<"p" | "g" | "m" | "v", Float32Array>>;

function descend({ p, g, m, v }: AdamArrays, settings: AdamSettings): void {
  const { beta1, beta2, rate, correction, epsilon, keep } = settings;
  for (let i = 0; i < p.length; i++) {
    const gradient = g[i] ?? 0;
    const first = beta1 * (m[i] ?? 0) + (1 - beta1) * gradient;
    const second = beta2 * (v[i] ?? 0) + (1 - beta2) * gradient * gradient;
    m[i] = first;
    v[i] = second;
    p[i] = keep * (p[i] ?? 0) - (rate * first) / (Math.sqrt(second * correction) + epsilon);
  }
}
