/** What watches a training run: the best parameters so far, a loss that explodes, the speed, and the memory. */

import type { TrainableModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import type { RunMemory } from "./run-keeper.ts";

/** One look at the held-out data. */
export interface Evaluation {
  /** Nats a token, or what the objective calls its loss. */
  readonly loss: number;
  /** By the names that reports have. */
  readonly values?: Readonly<Record<string, number>>;
  /** Whether these parameters may be kept, however good their loss is. Default true. */
  readonly allowed?: boolean;
}

/** Why a run should end after an evaluation. */
export type Verdict = "early-stop" | "chosen-fell" | undefined;

interface Best {
  readonly loss: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The parameters with the lowest held-out loss among those that may be kept. */
export interface BestParameters {
  /** Their evaluation and the steps behind them. */
  readonly best: Best;
  /** Told of every evaluation; what it means for the run. */
  offer(evaluation: Evaluation, step: number): Verdict;
  /** Writes them back into the model. */
  restore(): void;
  readonly memory: Required<RunMemory>;
  /** Goes on from a saved `memory`. */
  remember(memory: RunMemory): void;
}

/** Looks in a row after which a run ends; 0 for never. */
export interface Patience {
  readonly withoutBetter: number;
  readonly notAllowed: number;
}

/** Begins with the parameters as they are and their evaluation. */
export function keepBest(model: TrainableModel, initial: Evaluation, patience: Patience): BestParameters {
  let best: Best = { loss: initial.loss, step: 0, values: initial.values ?? {} };
  const parameters = model.parameters.slice();
  let counts = { worse: 0, notAllowed: 0 };
  return {
    get best() {
      return best;
    },
    offer({ loss, values = {}, allowed = true }, step) {
      const better = allowed && loss < best.loss;
      if (better) {
        best = { loss, step, values };
        parameters.set(model.parameters);
      }
      counts = { worse: better ? 0 : counts.worse + 1, notAllowed: allowed ? 0 : counts.notAllowed + 1 };
      if (patience.notAllowed > 0 && counts.notAllowed >= patience.notAllowed) return "chosen-fell";
      return patience.withoutBetter > 0 && counts.worse >= patience.withoutBetter ? "early-stop" : undefined;
    },
    restore: () => model.parameters.set(parameters),
    get memory() {
      return { arrays: { best: parameters }, facts: { best, counts } };
    },
    remember({ arrays, facts }) {
      const saved = facts as { best: Best; counts: typeof counts }; // as `memory` gave it
      best = saved.best;
      counts = saved.counts;
      parameters.set(arrays?.["best"] ?? model.parameters);
    },
  };
}

const EXPLODED_STEPS = 3;
const EXPLODED_FACTOR = 4;
const EXPLODED_NATS = 4;

/** The lowest smoothed loss so far, and for how many steps the loss has been far above it. */
export interface LossWatch {
  /** What a checkpoint must not be made of. */
  readonly suspicious: boolean;
  /** Told of every step's loss; whether it has been too high for several steps in a row. */
  hasExploded(loss: number): boolean;
  /** To go on from. */
  state: { smooth: number | null; lowest: number | null; high: number };
}

/** A loss explodes when it is, for three steps, above four times its lowest smoothed value and four nats more. */
export function watchLoss(): LossWatch {
  const watch: LossWatch = {
    state: { smooth: null, lowest: null, high: 0 },
    get suspicious() {
      return watch.state.high > 0;
    },
    hasExploded(loss) {
      const { smooth, lowest, high } = watch.state;
      const limit = lowest === null ? Number.POSITIVE_INFINITY : EXPLODED_FACTOR * Math.max(0, lowest) + EXPLODED_NATS;
      if (loss > limit) watch.state = { smooth, lowest, high: high + 1 };
      else {
        const next = smooth === null ? loss : 0.9 * smooth + 0.1 * loss;
        watch.state = { smooth: next, lowest: Math.min(lowest ?? next, next), high: 0 };
      }
      return watch.state.high >= EXPLODED_STEPS;
    },
  };
  return watch;
}

/** The time that steps take, without what is done between and inside them for other ends. */
export interface Stopwatch {
  start(): void;
  /** Since the start, at least a millisecond. */
  seconds(): number;
  /** Runs `work` while the watch stands still. */
  outside<T>(work: () => Promise<T>): Promise<T>;
}

export function createStopwatch(clock: Clock): Stopwatch {
  let startedAtMs = clock.now();
  return {
    start() {
      startedAtMs = clock.now();
    },
    seconds: () => Math.max(1, clock.now() - startedAtMs) / 1000,
    async outside(work) {
      const leftAtMs = clock.now();
      const result = await work();
      startedAtMs += clock.now() - leftAtMs;
      return result;
    },
  };
}

/** The most memory that this process has had, threads included. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
