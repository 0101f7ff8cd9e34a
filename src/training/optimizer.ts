/** What turns a gradient into new parameters, and how its memory is kept. */

import type { ParameterTensor } from "../contracts/models.ts";
import { OptimizerStateError } from "./errors.ts";

/** Everything that an optimizer must remember to go on as if it had never stopped. */
export interface OptimizerState {
  /** Updates made so far. */
  readonly step: number;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** Learns from one gradient after the other. */
export interface Optimizer {
  /**
   * Updates `parameters` in place from `gradient`, both flat and laid out alike.
   *
   * @param factor  the schedule's factor on the learning rate at this step
   */
  update(parameters: Float32Array, gradient: Float32Array, factor: number): Promise<void>;
  /** The memory itself, not a copy: save it before the next update. */
  state(): OptimizerState;
  /** Goes on from a saved state of an optimizer that was created alike. */
  restore(state: OptimizerState): void;
  close(): Promise<void>;
}

/** Elements of a tensor. */
export function sizeOf({ shape }: ParameterTensor): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** One optimizer made of several, each of which updates its own tensors; all are told the same gradient. */
export function combineOptimizers(parts: Readonly<Record<string, Optimizer>>): Optimizer {
  const entries = Object.entries(parts);
  return {
    async update(parameters, gradient, factor) {
      for (const [, part] of entries) await part.update(parameters, gradient, factor);
    },
    state() {
      const states = entries.map(([name, part]) => [name, part.state()] as const);
      const arrays = states.flatMap(([name, { arrays }]) =>
        Object.entries(arrays).map(([key, array]) => [`${name}.${key}`, array]),
      );
      return { step: states[0]?.[1].step ?? 0, arrays: Object.fromEntries(arrays) };
    },
    restore({ step, arrays }) {
      for (const [name, part] of entries) {
        const own = Object.entries(arrays).filter(([key]) => key.startsWith(`${name}.`));
        part.restore({
          step,
          arrays: Object.fromEntries(own.map(([key, array]) => [key.slice(name.length + 1), array])),
        });
      }
    },
    async close() {
      for (const [, part] of entries) await part.close();
    },
  };
}

/** Copies saved arrays over an optimizer's own, by name. */
export function restoreArrays(own: Readonly<Record<string, Float32Array>>, saved: OptimizerState["arrays"]): void {
  for (const [name, array] of Object.entries(own)) {
    const from = saved[name];
    if (from?.length !== array.length) throw new OptimizerStateError(name, array.length, from?.length);
    array.set(from);
  }
}
