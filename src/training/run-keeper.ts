/** Keeps a training run: model and optimizer go into a checkpoint when it is time, and come back out of the newest. */

import type { TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import type { Checkpoints, TrainingState } from "./checkpoints.ts";
import { type Optimizer, type OptimizerState, restoreArrays } from "./optimizer.ts";

/** What of a run changes, and how often it is kept. Without either interval, every ten minutes. */
export interface RunKeeperOptions {
  readonly checkpoints: Checkpoints;
  readonly model: Pick<TrainableModel, "parameters">;
  readonly optimizer: Optimizer;
  readonly everySteps?: number;
  readonly everySeconds?: number;
  readonly clock: Clock;
}

/** What a run remembers beside model and optimizer. */
export type RunMemory = Partial<Pick<TrainingState, "arrays" | "facts">>;

/** Saves and brings back one run. */
export interface RunKeeper {
  /** Puts model and optimizer where the newest checkpoint left them; what was kept beside them is given back. */
  resume(): Promise<TrainingState | undefined>;
  /**
   * Saves when it is time, or at once with `now`.
   *
   * @param step  steps done
   * @param memory  asked for only when it is time
   */
  keep(step: number, memory: () => RunMemory, options?: { readonly now?: boolean }): Promise<void>;
}

const DEFAULT_SECONDS = 600;
const OPTIMIZER = "optimizer.";
const MEMORY = "memory.";

/** Nothing is read or written before it is asked. */
export function createRunKeeper(options: RunKeeperOptions): RunKeeper {
  const { checkpoints, model, optimizer, everySteps, clock } = options;
  const everySeconds = options.everySeconds ?? (everySteps === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
  let lastAtMs = clock.now();
  return {
    async resume() {
      const state = await checkpoints.latest();
      if (state === undefined) return undefined;
      const { facts, optimizerStep } = state.facts as { facts: unknown; optimizerStep: number }; // as `keep` wrote it
      restoreArrays({ parameters: model.parameters }, state.arrays);
      optimizer.restore({ step: optimizerStep, arrays: withoutPrefix(OPTIMIZER, state.arrays) });
      return { step: state.step, arrays: withoutPrefix(MEMORY, state.arrays), facts };
    },
    async keep(step, memory, { now = false } = {}) {
      const due =
        (everySteps !== undefined && step % everySteps === 0) || clock.now() - lastAtMs >= everySeconds * 1000;
      if (!due && !now) return;
      const { arrays = {}, facts = null } = memory();
      const { step: optimizerStep, arrays: moments } = optimizer.state();
      await checkpoints.save({
        step,
        arrays: { parameters: model.parameters, ...withPrefix(OPTIMIZER, moments), ...withPrefix(MEMORY, arrays) },
        facts: { facts, optimizerStep },
      });
      lastAtMs = clock.now();
    },
  };
}

type Arrays = OptimizerState["arrays"];

function withPrefix(prefix: string, arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [prefix + name, array]));
}

function withoutPrefix(prefix: string, arrays: Arrays): Arrays {
  const own = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, array]) => [name.slice(prefix.length), array]));
}
